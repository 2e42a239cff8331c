// expect: Device
#include "halfbyte/weight.h"

// pack(w, 1) could mean the second GPU or the CUDA backend.
void misuse(const halfbyte::QuantizedWeight& w) { (void)halfbyte::pack(w, 1); }
