#include "optimizer_state.h"

#include <algorithm>
#include <string>

namespace gillnet {

namespace {

using Algorithm = OptimizerOptions::Algorithm;

bool Any(const Steps& steps) {
  return std::any_of(steps.begin(), steps.end(), [](auto count) { return count != 0; });
}

NamedTensor StepTensor(const Steps& steps) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(kGroups)}, at::TensorOptions(at::kLong));
  std::copy(steps.begin(), steps.end(), tensor.data_ptr<std::int64_t>());
  return {"step", tensor};
}

std::string NameIn(const char* slot, const Parameter& parameter) { return std::string(slot) + "." + parameter.name; }

}  // namespace

OptimizerState::OptimizerState(const OptimizerOptions& options, const std::vector<Parameter>& parameters)
    : options_(options), parameters_(parameters) {
  if (options.algorithm != Algorithm::kSgd) {
    slots_ = {{"exp_avg", {}}, {"exp_avg_sq", {}}};
  } else if (options.momentum != 0) {
    slots_ = {{"momentum_buffer", {}}};
  }
}

std::vector<NamedTensor> OptimizerState::State() const {
  const Steps taken = Taken();
  if (!Any(taken)) return {};
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

void OptimizerState::SetState(const std::vector<NamedTensor>& state) {
  Steps taken{};
  if (!state.empty()) {
    const at::Tensor& steps = state[0].second;
    std::copy_n(steps.data_ptr<std::int64_t>(), kGroups, taken.begin());
  }
  SetTaken(taken);
  std::size_t next = 1;
  for (Slot& slot : slots_) {
    slot.tensors.clear();
    if (state.empty()) continue;
    for (const Parameter& parameter : parameters_) {
      slot.tensors.push_back(at::empty_like(parameter.tensor).copy_(state[next++].second));
    }
  }
  SetOfAll(next < state.size() ? state[next].second : at::Tensor());
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
