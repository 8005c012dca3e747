"""PyTorch's side of bench/train-step.ts: train_step.py BATCH SIZE DTYPE [--compile]; answers each line N with the
seconds that N steps took. DTYPE is float32, or bfloat16 for PyTorch's own autocast."""
import os
import resource
import sys
import time

import torch
import torchvision

batch, size = int(sys.argv[1]), int(sys.argv[2])
half = sys.argv[3] == "bfloat16"
compiled = "--compile" in sys.argv
torch.set_num_threads(len(os.sched_getaffinity(0)))
torch.manual_seed(1)
network = torchvision.models.resnet18(num_classes=5).to(memory_format=torch.channels_last).train()
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
if compiled:
    network = torch.compile(network)
mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
pixels = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8)
labels = torch.arange(batch) % 5


def step():
    images = pixels.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)
    flip = torch.rand(batch) < 0.5
    images[flip] = images[flip].flip(3)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = torch.nn.functional.cross_entropy(network(images), labels)
    loss.backward()
    optimizer.step()
    loss.item()


how = "torch.compile" if compiled else "eager"
print(f"ready PyTorch {torch.__version__}, {how}, {sys.argv[3]}, channels_last, fused Adam", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    for _ in range(int(line)):
        step()
    print(time.perf_counter() - began, flush=True)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"PyTorch: peak memory {peak} MB", file=sys.stderr)
