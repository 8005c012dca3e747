#pragma once

namespace gillnet {

/// Gives LibTorch memory that is kept between steps, for the whole process; the first call counts. A step asks for
/// the same tensors again and again, hundreds of MB; from the system's allocator each would be unmapped and mapped,
/// and its pages be zeroed one by one.
void InstallCachingAllocator();

/// Gives back to the system what no tensor uses.
void ReleaseIdleMemory();

}  // namespace gillnet
