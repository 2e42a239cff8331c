// expect: Schedule
#include "halfbyte/linear.h"

// A schedule is named, never a number that another version may renumber.
void misuse(halfbyte::LinearOptions& options) {
  halfbyte::Schedule schedule = 2;
  options.schedule = schedule;
}
