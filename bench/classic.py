"""The training that recipe `classic` follows, as its original has it in Python: a torchvision ResNet-18 with ImageNet's
weights, all of it fine-tuned by Adam on whole photos of 224x224 that are mirrored by lot, the weights of the best epoch
kept.

    classic.py PHOTOS DATA WEIGHTS [--epochs 20] [--batch-size 16] [--lr 1e-3] [--image-size 224] [--seed 1]

PHOTOS is a JSON list of {role, label, key}, the role one of train, val and test, the key a path below the folder DATA.
WEIGHTS is a state_dict of torchvision's resnet18. Prints a line an epoch on stderr, and one of JSON at the end.
"""
import argparse
import copy
import json
import os
import sys
import time

import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

parser = argparse.ArgumentParser()
for name in ["photos", "data", "weights"]:
    parser.add_argument(name)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--image-size", type=int, default=224)
parser.add_argument("--seed", type=int, default=1)
flags = parser.parse_args()

torch.manual_seed(flags.seed)
torch.set_num_threads(len(os.sched_getaffinity(0)))
with open(flags.photos) as file:
    listed = json.load(file)
classes = sorted({photo["label"] for photo in listed})
normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
resize = transforms.Resize((flags.image_size, flags.image_size))
judging = transforms.Compose([resize, transforms.ToTensor(), normalize])
training = transforms.Compose([resize, transforms.RandomHorizontalFlip(), transforms.ToTensor(), normalize])


class Photos(Dataset):
    def __init__(self, role, transform):
        self.photos = [photo for photo in listed if photo["role"] == role]
        self.transform = transform

    def __len__(self):
        return len(self.photos)

    def __getitem__(self, index):
        photo = self.photos[index]
        image = Image.open(os.path.join(flags.data, photo["key"])).convert("RGB")
        return self.transform(image), classes.index(photo["label"])


def loader(role, transform, shuffle=False):
    photos = Photos(role, transform)
    return DataLoader(photos, flags.batch_size, shuffle=shuffle, num_workers=2, persistent_workers=True)


def accuracy(network, photos):
    network.eval()
    right = 0
    with torch.no_grad():
        for images, labels in photos:
            right += int((network(images).argmax(1) == labels).sum())
    return right / len(photos.dataset)


began = time.perf_counter()
network = torchvision.models.resnet18()
network.load_state_dict(torch.load(flags.weights, weights_only=True))
network.fc = torch.nn.Linear(network.fc.in_features, len(classes))
optimizer = torch.optim.Adam(network.parameters(), lr=flags.lr)
criterion = torch.nn.CrossEntropyLoss()
train, val = loader("train", training, shuffle=True), loader("val", judging)

best, best_state = -1.0, None
for epoch in range(1, flags.epochs + 1):
    network.train()
    for images, labels in train:
        optimizer.zero_grad()
        criterion(network(images), labels).backward()
        optimizer.step()
    reached = accuracy(network, val)
    if reached > best:
        best, best_state = reached, copy.deepcopy(network.state_dict())
    print(f"classic.py: epoch {epoch}, {reached:.3f}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
seconds = time.perf_counter() - began
network.load_state_dict(best_state)
print(json.dumps({
    "seconds": seconds,
    "valAccuracy": best,
    "testAccuracy": accuracy(network, loader("test", judging)),
    "version": torch.__version__,
}))
