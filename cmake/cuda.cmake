# Decides whether the CUDA backend is built: sets HALFBYTE_WITH_CUDA.
set(HALFBYTE_WITH_CUDA OFF)
