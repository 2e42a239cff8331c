// expect: halfbyte::Workspace
#include "halfbyte/workspace.h"

// Two calls at once need a workspace each; a copy would look like one.
void misuse(const halfbyte::Workspace& scratch) { halfbyte::Workspace copy = scratch; }
