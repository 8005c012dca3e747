"""Python's side of bench/predict-start.ts: predict_start.py MODEL PHOTO. The fastest way that PyTorch documents to load a
state_dict: an empty network on the meta device, which takes over the tensors of the mapped file."""
import json
import sys
import zipfile

import torch
import torchvision
from PIL import Image
from torchvision.transforms import functional

model, photo = sys.argv[1:]
with zipfile.ZipFile(model) as file:
    (record,) = (name for name in file.namelist() if name.endswith("/gillnet.json"))
    description = json.loads(file.read(record))
classes, size = description["classes"], description["imageSize"]

with torch.device("meta"):
    network = torchvision.models.resnet18(num_classes=len(classes))
network.load_state_dict(torch.load(model, weights_only=True, mmap=True), assign=True)
network.eval()
image = Image.open(photo).convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
with torch.inference_mode():
    pixels = functional.normalize(functional.to_tensor(image), description["mean"], description["std"])
    confidences = network(pixels.unsqueeze(0).contiguous(memory_format=torch.channels_last))[0].softmax(0)
best = int(confidences.argmax())
print(json.dumps({"label": classes[best], "confidence": float(confidences[best]), "version": torch.__version__}))
