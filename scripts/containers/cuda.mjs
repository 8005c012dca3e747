// What the image for a GPU has beside the other one: gillnet's CUDA half, and the libraries that it needs.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { check } from '../checks.mjs';
import { inside } from './chroot.mjs';

const half = '/opt/gillnet/build/Release/gillnet_cuda.so';
/** The driver's come from the machine. */
const ofDriver = /^lib(cuda|nvidia-ml)\.so\.1$/;

/** @param image as `build` left it, on a machine without a GPU */
export function checkCuda(image) {
  console.log('');
  const { stdout } = inside(image, ['ldd', half], { quiet: true });
  const found = [...stdout.matchAll(/^\s*(\S+) => (.+?)(?: \(0x\w+\))?$/gm)];
  const needed = (name) => found.some(([, each]) => each.startsWith(name));
  check(`${path.basename(half)} finds LibTorch's CUDA half and NVIDIA's libraries in the image`, [
    ...['libtorch_cuda.so', 'libc10_cuda.so', 'libcudart.so', 'libcudnn.so', 'libnccl.so'].map(
      (name) => !needed(name) && `it does not name ${name}`,
    ),
    ...found.map(
      ([, name, place]) =>
        place === 'not found' && !ofDriver.test(name) && `${name} is not in the image`,
    ),
  ]);
  const names = readdirSync(path.join(image.folder, 'opt/libtorch'), { recursive: true }).map(
    (name) => path.basename(String(name)),
  );
  const libraries = names.filter((name) => /\.so(\.|$)/.test(name));
  check('each library is there once, and no header', [
    ...libraries.filter((name, at) => libraries.indexOf(name) !== at),
    ...names.filter((name) => /\.(h|hpp|cuh|a)$/.test(name)),
  ]);
  for (const [title, folder] of [
    ['LibTorch and NVIDIA', 'opt/libtorch'],
    ['npm packages', 'opt/gillnet/node_modules'],
  ]) {
    const { stdout: size } = spawnSync('du', ['-s', '-B1', path.join(image.folder, folder)], {
      encoding: 'utf8',
    });
    console.log(`${(Number.parseInt(size, 10) / 1e6).toFixed(1).padStart(8)} MB ${title}`);
  }
  const doctor = inside(image, [...image.entrypoint, 'doctor'], { quiet: true });
  check('without a GPU, gillnet doctor names the CPU', [
    !/^✓ device +cpu/m.test(doctor.stdout) && doctor.stdout + doctor.stderr,
  ]);
  const { NVIDIA_VISIBLE_DEVICES, NVIDIA_DRIVER_CAPABILITIES = '' } = image.env;
  check('it asks the container toolkit for every GPU, to compute with', [
    NVIDIA_VISIBLE_DEVICES !== 'all' && `devices: ${NVIDIA_VISIBLE_DEVICES}`,
    ...['compute', 'utility'].map(
      (each) => !NVIDIA_DRIVER_CAPABILITIES.split(',').includes(each) && `no ${each}`,
    ),
  ]);
}
