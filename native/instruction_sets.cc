#include "instruction_sets.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "processor.h"

namespace gillnet {

namespace {

InstructionSet Found() {
  const std::vector<std::string> features = ProcessorFeatures();
  const auto has = [&](const char* name) {
    return std::find(features.begin(), features.end(), name) != features.end();
  };
  const char* const given = std::getenv("ATEN_CPU_CAPABILITY");
  const std::string most = given ? given : "";
  if (most == "default") return InstructionSet::kBaseline;
  if (has("avx512") && most != "avx2") return InstructionSet::kAvx512;
  return has("avx2") ? InstructionSet::kAvx2 : InstructionSet::kBaseline;
}

}  // namespace

InstructionSet TheInstructionSet() {
  static const InstructionSet set = Found();
  return set;
}

}  // namespace gillnet
