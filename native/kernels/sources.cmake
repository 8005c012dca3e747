# Kernels for inference and training, which know no LibTorch. Those of an instruction set are compiled for it and chosen
# at runtime, by kernels.cc; for other processors than x86-64 their files are empty.
include(CheckCXXCompilerFlag)
set(kernels "${CMAKE_SOURCE_DIR}/native/kernels")
target_sources(gillnet PRIVATE "${kernels}/avx2.cc" "${kernels}/avx512.cc" "${kernels}/convolution.cc"
  "${kernels}/kernels.cc" "${kernels}/memory.cc" "${kernels}/quantized_avx2.cc" "${kernels}/quantized_avx512.cc"
  "${kernels}/quantized_avx_vnni.cc" "${kernels}/quantized_convolution.cc" "${kernels}/rounding.cc"
  "${kernels}/trained_convolution.cc" "${kernels}/winograd_convolution.cc" "${kernels}/workers.cc")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(avx2 -mavx2 -mfma)
  # GCC 12 takes what its own header leaves undefined on purpose for an oversight.
  set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -Wno-maybe-uninitialized -Wno-uninitialized)
  set_source_files_properties("${kernels}/avx2.cc" "${kernels}/quantized_avx2.cc"
    PROPERTIES COMPILE_OPTIONS "${avx2}")
  set_source_files_properties("${kernels}/avx512.cc" PROPERTIES COMPILE_OPTIONS "${avx512}")
  set_source_files_properties("${kernels}/quantized_avx512.cc" PROPERTIES COMPILE_OPTIONS "${avx512};-mavx512vnni")
  # GCC knows it since 11, Clang since 12; without it the file is empty.
  check_cxx_compiler_flag(-mavxvnni GILLNET_HAS_AVX_VNNI)
  if(GILLNET_HAS_AVX_VNNI)
    set_source_files_properties("${kernels}/quantized_avx_vnni.cc" PROPERTIES COMPILE_OPTIONS "${avx2};-mavxvnni")
  endif()
endif()
