#include "optimizer_state.h"

#include <algorithm>
#include <string>

namespace gillnet {

namespace {

NamedTensor StepTensor(const Steps& steps) { return {"step", at::tensor(at::IntArrayRef(steps))}; }

std::string NameIn(const char* slot, const Parameter& parameter) { return std::string(slot) + "." + parameter.name; }

}  // namespace

OptimizerState::OptimizerState(const OptimizerOptions& options, const std::vector<Parameter>& parameters)
    : options_(options), parameters_(parameters) {
  if (options.algorithm != OptimizerOptions::Algorithm::kSgd) {
    slots_ = {{"exp_avg", {}}, {"exp_avg_sq", {}}};
  } else if (options.momentum != 0) {
    slots_ = {{"momentum_buffer", {}}};
  }
}

std::vector<NamedTensor> OptimizerState::State() const {
  const Steps taken = Taken();
  if (taken == Steps{}) return {};
  std::vector<NamedTensor> state{StepTensor(taken)};
  for (const Slot& slot : slots_) {
    for (std::size_t index = 0; index < parameters_.size(); ++index) {
      state.emplace_back(NameIn(slot.name, parameters_[index]), slot.tensors[index]);
    }
  }
  if (const auto of_all = OfAll()) state.push_back(*of_all);
  return state;
}

std::vector<NamedTensor> OptimizerState::Template() const {
  std::vector<NamedTensor> state{StepTensor({})};
  for (const Slot& slot : slots_) {
    for (const Parameter& parameter : parameters_) {
      state.emplace_back(NameIn(slot.name, parameter), at::zeros_like(parameter.tensor));
    }
  }
  if (const auto of_all = OfAll()) state.push_back(*of_all);
  return state;
}

void OptimizerState::SetState(const std::vector<at::Tensor>& state) {
  Steps taken{};
  if (!state.empty()) std::copy_n(state[0].data_ptr<std::int64_t>(), kGroups, taken.begin());
  SetTaken(taken);
  std::size_t next = 1;
  for (Slot& slot : slots_) {
    slot.tensors.clear();
    if (state.empty()) continue;
    for (const Parameter& parameter : parameters_) {
      slot.tensors.push_back(at::empty_like(parameter.tensor).copy_(state[next++]));
    }
  }
  SetOfAll(next < state.size() ? state[next] : at::Tensor());
}

at::Tensor OptimizerState::Alike(const at::Tensor& parameter, const at::Tensor& gradient) {
  const bool alike = gradient.scalar_type() == at::kFloat && gradient.strides() == parameter.strides();
  return alike ? gradient : at::empty_like(parameter).copy_(gradient);
}

void OptimizerState::Begin() {
  for (Slot& slot : slots_) {
    if (!slot.tensors.empty()) continue;
    for (const Parameter& parameter : parameters_) slot.tensors.push_back(at::zeros_like(parameter.tensor));
  }
}

}  // namespace gillnet
