# What `cmake --install` and `cpack -G DEB` make: the command with its manual page and completions, and the library with its headers, CMake package
# and pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The command describes itself: its manual page and completions come from the options it parses.
set(pages ${PROJECT_BINARY_DIR}/pages)
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  message(STATUS "segdl can't run here, so its manual page and completions are not installed; `segdl man` and `segdl completion` print them")
else()
  add_custom_command(OUTPUT ${pages}/segdl.1 ${pages}/segdl.bash ${pages}/_segdl ${pages}/segdl.fish
    COMMAND ${CMAKE_COMMAND} -E make_directory ${pages}
    COMMAND segdl man > ${pages}/segdl.1
    COMMAND segdl completion bash > ${pages}/segdl.bash
    COMMAND segdl completion zsh > ${pages}/_segdl
    COMMAND segdl completion fish > ${pages}/segdl.fish
    DEPENDS segdl VERBATIM)
  add_custom_target(segdl_pages ALL DEPENDS ${pages}/segdl.1)
  install(FILES ${pages}/segdl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT command)
  install(FILES ${pages}/segdl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME segdl COMPONENT command)
  install(FILES ${pages}/_segdl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT command)
  install(FILES ${pages}/segdl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT command)
endif()

if(BUILD_SHARED_LIBS)
  file(RELATIVE_PATH from_command_to_library /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
  set_target_properties(segdl PROPERTIES INSTALL_RPATH "$ORIGIN/${from_command_to_library}")
endif()
install(TARGETS segdl RUNTIME COMPONENT command)
install(TARGETS segdl_library EXPORT segdl
  ARCHIVE COMPONENT development
  LIBRARY COMPONENT command NAMELINK_COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/segdl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h")

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/segdl)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/segdl-config.cmake.in ${PROJECT_BINARY_DIR}/segdl-config.cmake
  INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/segdl-config-version.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT segdl NAMESPACE segdl:: FILE segdl-targets.cmake DESTINATION ${package_directory} COMPONENT development)
install(FILES ${PROJECT_BINARY_DIR}/segdl-config.cmake ${PROJECT_BINARY_DIR}/segdl-config-version.cmake
  DESTINATION ${package_directory} COMPONENT development)

# A static library needs what it is made of at every link, with and without --static; a shared one has it in itself.
# libidn2 is named as a library: as a package it would ask for the development files of libunistring with --static, which
# its own package in Debian does not bring.
if(BUILD_SHARED_LIBS)
  set(requires Requires.private)
  set(libs_private " -lidn2")
else()
  set(requires Requires)
  set(libs " -lidn2")
endif()
file(RELATIVE_PATH up_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" up_to_prefix ${up_to_prefix})
configure_file(${CMAKE_CURRENT_LIST_DIR}/segdl.pc.in ${PROJECT_BINARY_DIR}/segdl.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/segdl.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

set(CPACK_PACKAGE_NAME segdl)
set(CPACK_PACKAGE_VENDOR "segdl")
set(CPACK_PACKAGE_CONTACT "segdl authors <segdl@localhost.invalid>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL command development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME segdl)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION net)
set(CPACK_DEBIAN_COMMAND_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_COMMAND_DESCRIPTION
"segdl fetches a file over many connections at once, and after any failure,
kill or power cut it fetches only what is missing, and never publishes a wrong
byte.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsegdl-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libssl-dev, libbrotli-dev, libcpp-httplib-dev, libidn2-dev, libpsl-dev, libxxhash-dev, libfmt-dev, libzstd-dev, zlib1g-dev, pkg-config")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "The library of segdl with its headers, CMake package and pkg-config file.")
configure_file(${CMAKE_CURRENT_LIST_DIR}/debian.cmake.in ${PROJECT_BINARY_DIR}/debian.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/debian.cmake)
include(CPack)
