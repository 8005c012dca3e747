#include "instruction_sets.h"

#include <cstdlib>
#include <string>

#include "processor.h"

namespace gillnet {

namespace {

InstructionSet Found() {
  const char* const given = std::getenv("ATEN_CPU_CAPABILITY");
  const std::string most = given ? given : "";
  if (most == "default") return InstructionSet::kBaseline;
  if (ThisProcessor().avx512 && most != "avx2") return InstructionSet::kAvx512;
  return ThisProcessor().avx2 ? InstructionSet::kAvx2 : InstructionSet::kBaseline;
}

}  // namespace

InstructionSet TheInstructionSet() {
  static const InstructionSet set = Found();
  return set;
}

}  // namespace gillnet
