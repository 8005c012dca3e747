"""onnxruntime's int8 for bench/inference.ts: quantize_onnx.py FLOAT.onnx INT8.onnx [--reduce-range]. Static, in QDQ:
unsigned activations, signed weights per channel, batch norms folded before; calibrated by 32 photos of noise. The model's
metadata say how pixels are normalised. --reduce-range, weights of 7 bits, is what its documentation advises for
processors without VNNI, on which its sums of products saturate: here by 6 to 8 % of the largest logit."""
import json
import sys

import numpy
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

given, made, *flags = sys.argv[1:]
about = {each.key: each.value for each in onnx.load(given).metadata_props}
size, mean, std = (json.loads(about[key]) for key in ("image_size", "mean", "std"))
draw = numpy.random.default_rng(2)


class Noise(CalibrationDataReader):
    left = 32

    def get_next(self):
        if self.left == 0:
            return None
        self.left -= 1
        pixels = draw.integers(256, size=(1, size, size, 3)) / 255
        return {"input": ((pixels - mean) / std).transpose(0, 3, 1, 2).astype(numpy.float32)}


quant_pre_process(given, made)
quantize_static(
    made,
    made,
    Noise(),
    quant_format=QuantFormat.QDQ,
    activation_type=QuantType.QUInt8,
    weight_type=QuantType.QInt8,
    per_channel=True,
    reduce_range="--reduce-range" in flags,
)
