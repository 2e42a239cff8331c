// Both probes of a run.
#pragma once

#include "bench/multiply_add_rate.h"
#include "bench/read_bandwidth.h"
#include "bench/timing.h"

namespace halfbyte::bench {

// What the machine did around one group of timed calls.
struct ProbeSamples {
  Samples read_gbps, fma_gmacs;
  bool enough_undisturbed() const {
    return read_gbps.enough_undisturbed() && fma_gmacs.enough_undisturbed();
  }
};

class Probes {
 public:
  // A few passes, so that there is something to stand in from the first group on.
  Probes() {
    for (int i = 0; i < 8 && !run_.enough_undisturbed(); ++i) pass(run_);
  }

  void pass(ProbeSamples& samples) {
    read_bandwidth_.pass(samples.read_gbps);
    multiply_add_pass(samples.fma_gmacs);
  }

  // The medians of a finished group. Where all of its passes were disturbed by other processes,
  // those of the whole run so far stand in.
  struct Rates {
    double read_gbps = 0, fma_gmacs = 0;
  };
  Rates rates(const ProbeSamples& group) {
    run_.read_gbps.append(group.read_gbps);
    run_.fma_gmacs.append(group.fma_gmacs);
    return {(group.read_gbps.enough_undisturbed() ? group : run_).read_gbps.summary().median,
            (group.fma_gmacs.enough_undisturbed() ? group : run_).fma_gmacs.summary().median};
  }

 private:
  ReadBandwidth read_bandwidth_;
  ProbeSamples run_;
};

}  // namespace halfbyte::bench
