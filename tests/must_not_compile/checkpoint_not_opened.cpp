// expect: halfbyte::Checkpoint
#include "halfbyte/checkpoint.h"

// There is no empty checkpoint: what exists has been validated.
void misuse() { halfbyte::Checkpoint model; }
