#pragma once

namespace gloo {
namespace transport {

/// Held by pointers alone.
class Device;
class UnboundBuffer;

}  // namespace transport
}  // namespace gloo
