// parallel_simulation.h - a simulation on several threads.
#ifndef REWARDPOOL_NATIVE_PARALLEL_SIMULATION_H_
#define REWARDPOOL_NATIVE_PARALLEL_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "rewardpool/simulation.h"
#include "rewardpool/status.h"

namespace rewardpool::native {

// Told now and then, by the calling thread, how many draws all runs have made.
// False ends the simulation.
using SimulationProgress = std::function<bool(std::uint64_t draws_done)>;

// Makes all runs of a plan and returns their traces, one after the other: the same
// for any number of threads.
//
// Inputs:  threads: at least 1; 0: as many as the machine has.
// Errors:  kClosed if `progress` ended it.
// Threads: starts its own, which have ended on return.
[[nodiscard]] Result<std::vector<std::uint32_t>> SimulateInParallel(
    const SimulationPlan& plan, unsigned threads, const SimulationProgress& progress);

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_PARALLEL_SIMULATION_H_
