// segdl: segmented, resumable, verified downloads. Everything public.
#pragma once

#include <segdl/batch.h>
#include <segdl/checksum.h>
#include <segdl/checksum_list.h>
#include <segdl/error.h>
#include <segdl/event.h>
#include <segdl/hint.h>
#include <segdl/network.h>
#include <segdl/progress.h>
#include <segdl/range.h>
#include <segdl/request.h>
#include <segdl/session.h>
#include <segdl/status.h>
#include <segdl/task.h>
#include <segdl/text.h>
#include <segdl/version.h>
