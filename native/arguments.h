#pragma once

#include <napi.h>

#include "learner.h"
#include "logistic_regression.h"
#include "process_group.h"

namespace gillnet {

/// What JavaScript hands over, checked: each throws a Failure INVALID_ARGUMENT that says what was
/// expected and what was received. Batches, folds and states refer to JavaScript's buffers, which are added
/// to `kept`: the object that named them may name others by the time they are read.

LearnerOptions LearnerOptionsFrom(const Napi::Value& value);
StepOptions StepOptionsFrom(const Napi::Value& value);

/// `needs_labels`: whether labels must be there; present ones are checked against `classes`. `least` photos or more.
Batch BatchFrom(const Napi::Value& value, std::int64_t classes, bool needs_labels, Napi::Array& kept,
                std::int64_t least = 1);

LabelledFeatures LabelledFeaturesFrom(const Napi::Value& value, Napi::Array& kept);
Folds FoldsFrom(const Napi::Value& value, Napi::Array& kept);
StateBytes StateFrom(const Napi::Value& value, Napi::Array& kept);
/// A copy of the values; empty for null.
std::vector<float> MaximaFrom(const Napi::Value& value);
int ThreadsFrom(const Napi::Value& value);
Rendezvous RendezvousFrom(const Napi::Value& value);

}  // namespace gillnet
