// The builds of LibTorch that can be fetched, each file pinned by its SHA-256.

/** The release that gillnet is measured with; 1.13 is the oldest that it builds with. */
export const version = '2.13.0';
export const platform = `${process.platform}-${process.arch}`;

/** Of CPython 3.11, whatever Python fetches them: gillnet takes only what is not Python. Linux x64's is a CUDA build. */
const torchX64 = '60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7';
/** Two small libraries that libtorch_cpu.so of the CUDA build names, used or not. */
const namedByCpu = {
  'nvidia-cuda-cupti==13.0.85': '4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8',
  'nvidia-cuda-runtime==13.0.96':
    '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
};

/**
 * Builds of LibTorch, by the names that GILLNET_LIBTORCH has for them. Everything that is fetched is pinned by SHA-256.
 * - `libraries`: what tells such a build, besides its headers
 * - `zip`, `wheels`: the official archive, and pip's, by platform
 * - `torch`, `nvidia`: what is unpacked of the wheels; the rest is Python
 */
export const variants = {
  cpu: {
    libraries: ['torch_cpu'],
    zip: {
      'linux-x64': {
        url: `https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-${version}%2Bcpu.zip`,
        sha256: 'edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e',
      },
    },
    wheels: {
      'linux-x64': { [`torch==${version}`]: torchX64, ...namedByCpu },
      'linux-arm64': {
        [`torch==${version}`]: '092790c696a760c729fd5722835f50b9d81fd7c8f141571f3f3cf4081a8f664c',
      },
      'darwin-arm64': {
        [`torch==${version}`]: 'e76f9bcecc52b8ff711239a2f7547d5353df95878ab232f0773c1d95928b92f8',
      },
    },
    megabytes: 500,
    torch:
      /^torch\/(include\/|lib\/(libtorch_cpu|libc10|libgomp|libomp|libtorch_global_deps)\b|lib\/lib(arm_compute|gfortran|openblas|opencv)|version\.py$)|^torch\.libs\//,
    nvidia: /\/lib(cupti|cudart)\.so/,
  },
  cuda: {
    libraries: ['torch_cpu', 'torch_cuda', 'c10_cuda'],
    // Its SHA-256 is not known.
    zip: {},
    // What METADATA of this torch names, through cuda-toolkit 13.0.3; crt and cccl for their headers. Without its Python.
    wheels: {
      'linux-x64': {
        [`torch==${version}`]: torchX64,
        ...namedByCpu,
        'nvidia-cublas==13.1.1.3':
          '37936a16db8fe4ac1f065c2139360608a543a09275cb1a1af612e08cfa065436',
        'nvidia-cuda-cccl==13.0.85':
          'e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649',
        'nvidia-cuda-crt==13.0.88':
          '2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4',
        'nvidia-cuda-nvrtc==13.0.88':
          'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575',
        'nvidia-cudnn-cu13==9.20.0.48':
          '0c45dd8eeb50b603f07995b1b300c62ffe6a1980482b82b3bcf94a4ca9d49304',
        'nvidia-cufft==12.0.0.61':
          '6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3',
        'nvidia-cufile==1.15.1.6':
          '08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44',
        'nvidia-curand==10.4.0.35':
          '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
        'nvidia-cusolver==12.0.4.66':
          '0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112',
        'nvidia-cusparse==12.6.3.3':
          '2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b',
        'nvidia-cusparselt-cu13==0.8.1':
          '786ce87568c303fadb5afcc7102d454cd3040d75f6f8626f5db460d1871f4dd0',
        'nvidia-nccl-cu13==2.29.7':
          'edd81538446786ec3b73972543e53bb43bcaf0bfc8ef76cb679fcc390ffe136d',
        'nvidia-nvjitlink==13.0.88':
          '13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b',
        'nvidia-nvshmem-cu13==3.4.5':
          '290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80',
      },
    },
    megabytes: 2500,
    torch:
      /^torch\/(include\/|lib\/lib(torch_(cpu|cuda|cuda_linalg|nvshmem)|c10|c10_cuda|caffe2_nvrtc|gomp)\.so|version\.py$)/,
    nvidia:
      /^nvidia\/\w+\/(include\/|lib\/lib(cublas|cublasLt|cudart|cudnn\w*|cufft|cufile|cupti|curand|cusolver|cusparse|cusparseLt|nccl|nvJitLink|nvrtc|nvrtc-builtins|nvshmem_host)\.so)/,
  },
};

/** pip's names of the systems that the wheels are for. */
export const tags = {
  'linux-x64': [
    'manylinux_2_28_x86_64',
    'manylinux_2_27_x86_64',
    'manylinux_2_25_x86_64',
    'manylinux_2_18_x86_64',
    'manylinux2014_x86_64',
  ],
  'linux-arm64': ['manylinux_2_28_aarch64'],
  'darwin-arm64': ['macosx_14_0_arm64'],
};
