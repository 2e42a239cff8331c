cmake_minimum_required(VERSION 3.25)
# Run at every build: cmake -DSOURCE=<tree> -DOUTPUT=<commit.cpp> -P write_commit.cmake
# Writes OUTPUT only when its content changes, so that nothing is compiled again for nothing.
find_package(Git QUIET)
set(commit unknown)
if(Git_FOUND)
  # safe.directory: a build as another user than the tree's owner is still a build of that commit.
  set(git ${GIT_EXECUTABLE} -c safe.directory=* -C ${SOURCE})
  execute_process(COMMAND ${git} rev-parse --show-prefix RESULT_VARIABLE failed
                  OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # A non-empty prefix: the tree lies inside somebody else's repository, whose commit is not ours.
  if(NOT failed AND prefix STREQUAL "")
    execute_process(COMMAND ${git} rev-parse --short=12 HEAD RESULT_VARIABLE failed
                    OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND ${git} status --porcelain --untracked-files=no
                    RESULT_VARIABLE unreadable OUTPUT_VARIABLE changes ERROR_QUIET)
    if(NOT failed)
      set(commit ${head})
      if(unreadable OR NOT changes STREQUAL "")
        string(APPEND commit -dirty)
      endif()
    endif()
  endif()
endif()
# A tree without its history, or with another's, copied to another machine say, can be told.
if(NOT "$ENV{HALFBYTE_COMMIT}" STREQUAL "")
  set(commit $ENV{HALFBYTE_COMMIT})
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"#include \"bench/commit.h\"
const char* halfbyte::bench::source_commit() { return \"@commit@\"; }
")
