#include "seams/transport.h"
