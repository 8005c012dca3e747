# Kernels for inference and training, which know no LibTorch. Those of an instruction set are compiled for it, on x86-64,
# and chosen at runtime, by kernels.cc.
include(CheckCXXCompilerFlag)
set(kernels "${CMAKE_SOURCE_DIR}/native/kernels")
target_sources(gillnet PRIVATE "${kernels}/convolution.cc" "${kernels}/kernels.cc" "${kernels}/memory.cc"
  "${kernels}/quantized_convolution.cc" "${kernels}/trained_convolution.cc" "${kernels}/winograd_convolution.cc"
  "${kernels}/workers.cc")
function(add_kernels name)
  target_sources(gillnet PRIVATE "${kernels}/${name}.cc")
  set_source_files_properties("${kernels}/${name}.cc" PROPERTIES COMPILE_OPTIONS "${ARGN}")
endfunction()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(avx2 -mavx2 -mfma)
  # GCC 12 takes what its own header leaves undefined on purpose for an oversight.
  set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -Wno-maybe-uninitialized -Wno-uninitialized)
  add_kernels(avx2 ${avx2})
  add_kernels(avx512 ${avx512})
  add_kernels(quantized_avx2 ${avx2})
  add_kernels(quantized_avx512 ${avx512} -mavx512vnni)
  set(compiled GILLNET_AVX)
  # GCC knows it since 11, Clang since 12.
  check_cxx_compiler_flag(-mavxvnni GILLNET_HAS_AVX_VNNI)
  if(GILLNET_HAS_AVX_VNNI)
    add_kernels(quantized_avx_vnni ${avx2} -mavxvnni)
    list(APPEND compiled GILLNET_AVX_VNNI)
  endif()
  set_source_files_properties("${kernels}/kernels.cc" PROPERTIES COMPILE_DEFINITIONS "${compiled}")
endif()
