# cmake --install: the library, its headers and halfbyteConfig.cmake, for find_package(halfbyte).
include(CMakePackageConfigHelpers)
set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/halfbyte)

install(TARGETS halfbyte EXPORT halfbyte
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/halfbyte DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(EXPORT halfbyte NAMESPACE halfbyte:: FILE halfbyteTargets.cmake DESTINATION ${config_folder})

# What a user's link needs of a static library; a shared one has it inside.
set(HALFBYTE_DEPENDENCIES)
get_target_property(library_type halfbyte TYPE)
get_target_property(linked halfbyte LINK_LIBRARIES)
if(library_type STREQUAL "STATIC_LIBRARY")
  foreach(package IN ITEMS Threads CUDAToolkit)
    string(REPLACE CUDAToolkit CUDA namespace ${package})
    if("${linked}" MATCHES "${namespace}::")
      string(APPEND HALFBYTE_DEPENDENCIES "find_dependency(${package})\n")
    endif()
  endforeach()
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/halfbyteConfig.cmake.in
  ${PROJECT_BINARY_DIR}/halfbyteConfig.cmake INSTALL_DESTINATION ${config_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/halfbyteConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/halfbyteConfig.cmake ${PROJECT_BINARY_DIR}/halfbyteConfigVersion.cmake
  DESTINATION ${config_folder})
