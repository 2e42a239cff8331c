# Decides whether the CUDA backend is built: sets HALFBYTE_WITH_CUDA from HALFBYTE_CUDA.
# nvcc is looked for on PATH, then in .cuda/ (made by scripts/get-nvcc), then in the toolkit's default prefix.
set_property(CACHE HALFBYTE_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT HALFBYTE_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "HALFBYTE_CUDA is '${HALFBYTE_CUDA}'; use AUTO, ON or OFF")
endif()

set(with_cuda OFF)
if(NOT HALFBYTE_CUDA STREQUAL "OFF")
  # Every target names its architectures itself; without this CMake would ask the builder's GPU.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-virtual)
  endif()
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(HALFBYTE_NVCC nvcc PATHS ${PROJECT_SOURCE_DIR}/.cuda/bin /usr/local/cuda/bin
                 DOC "The CUDA compiler, when HALFBYTE_CUDA is not OFF")
    if(HALFBYTE_NVCC)
      set(CMAKE_CUDA_COMPILER ${HALFBYTE_NVCC})
    endif()
  endif()
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    # CMake 3.25 does not know nvcc's flag for C++20, the standard that C++ sources set for CUDA too.
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    endif()
    find_package(CUDAToolkit)
  endif()
  if(CMAKE_CUDA_COMPILER AND CUDAToolkit_FOUND)
    set(with_cuda ON)
  elseif(HALFBYTE_CUDA STREQUAL "ON")
    message(FATAL_ERROR "HALFBYTE_CUDA is ON, but no working nvcc was found on PATH, in .cuda/ or in "
                        "/usr/local/cuda; set CUDACXX, run scripts/get-nvcc, or use HALFBYTE_CUDA=AUTO")
  endif()
endif()

# In the cache so that scripts can read what was decided.
set(HALFBYTE_WITH_CUDA ${with_cuda} CACHE INTERNAL "The CUDA backend is built")
if(HALFBYTE_WITH_CUDA)
  message(STATUS "CUDA backend: on (nvcc ${CMAKE_CUDA_COMPILER_VERSION})")
else()
  message(STATUS "CUDA backend: off")
endif()
