"""Loss and gradients of two dense autoencoders (one with tied weights) and two convolutional ones in PyTorch, in double
precision, for `src/model/reference_tests.rs`:  python tests/reference/torch_models.py > tests/reference/torch_models.json

Weights and images follow from a formula that both sides compute. Weights stand as this project keeps them: dense layers
inputs x outputs, convolutions height x width x inputs x outputs, images height x width x channels. Of the gradient of a
tensor with more than a thousand numbers, every seventh is kept.
"""

import json

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def values(count, seed):
    """Numbers without pattern in -1..1, never close to zero."""
    state, out = (seed * 0x9E3779B97F4A7C15 % 2**64) | 1, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        unit = (state >> 11) / 2**53 * 2 - 1
        out.append(unit + (0.02 if unit > 0 else -0.02))
    return out


class Weights:
    """Hands out slices of one vector, in the order of the layers."""

    def __init__(self, count):
        self.all = (torch.tensor(values(count, 7)) * 0.4).requires_grad_()
        self.next = 0
        self.tensors = []

    def take(self, *shape):
        count = torch.Size(shape).numel()
        self.tensors.append(slice(self.next, self.next + count, 7 if count > 1000 else 1))
        self.next += count
        return self.all[self.next - count : self.next].reshape(shape)

    def gradient(self):
        return [number for tensor in self.tensors for number in self.all.grad[tensor].tolist()]

    def dense(self, x, units):
        return x @ self.take(x.shape[1], units) + self.take(units)

    def conv(self, x, filters):
        """`x` in PyTorch's order."""
        kernel = self.take(3, 3, x.shape[1], filters).permute(3, 2, 0, 1).contiguous()
        return F.conv2d(x, kernel, self.take(filters), padding=1)

    def conv_transpose(self, x, filters):
        kernel = self.take(2, 2, filters, x.shape[1]).permute(3, 2, 0, 1).contiguous()
        return F.conv_transpose2d(x, kernel, self.take(filters), stride=2)


    def batch_norm(self, x):
        """With Keras' epsilon."""
        filters = x.shape[1]
        return F.batch_norm(x, None, None, self.take(filters), self.take(filters), training=True, eps=1e-3)


def images(count, size):
    return torch.tensor([(value + 1.02) / 2.04 for value in values(count * size, 3)]).reshape(count, size)


def dense():
    weights, x = Weights(12 * 8 + 8 + 8 * 3 + 3 + 3 * 8 + 8 + 8 * 12 + 12), images(5, 12)
    hidden = F.relu(weights.dense(x, 8))
    code = weights.dense(hidden, 3)
    logits = weights.dense(F.relu(weights.dense(code, 8)), 12)
    return weights, F.binary_cross_entropy_with_logits(logits, x)


def tied():
    weights, x = Weights(12 * 8 + 8 + 8 * 3 + 3 + 8 + 12), images(5, 12)
    first, first_bias = weights.take(12, 8), weights.take(8)
    second, second_bias = weights.take(8, 3), weights.take(3)
    code = F.relu(x @ first + first_bias) @ second + second_bias
    logits = F.relu(code @ second.T + weights.take(8)) @ first.T + weights.take(12)
    return weights, F.binary_cross_entropy_with_logits(logits, x)


def conv():
    weights, x = Weights(40 + 111 + 65 + 72 + 84 + 112 + 68 + 37), images(3, 64)
    image = x.reshape(3, 8, 8, 1).permute(0, 3, 1, 2)
    pooled = F.max_pool2d(F.relu(weights.conv(image, 4)), 2)
    pooled = F.max_pool2d(F.relu(weights.conv(pooled, 3)), 2)
    code = weights.dense(pooled.permute(0, 2, 3, 1).reshape(3, 12), 5)
    back = F.relu(weights.dense(code, 12)).reshape(3, 2, 2, 3).permute(0, 3, 1, 2)
    back = F.interpolate(F.relu(weights.conv(back, 3)), scale_factor=2)
    back = F.relu(weights.conv(back, 4))
    back = F.relu(weights.conv_transpose(back, 4))
    out = torch.sigmoid(weights.conv(back, 1))
    return weights, F.mse_loss(out.permute(0, 2, 3, 1).reshape(3, 64), x)


def wide():
    """Channels enough for convolutions in tiles, with and without upsampling before."""
    weights, x = Weights(160 + 4640 + 4624 + 32 + 145), images(3, 64)
    image = x.reshape(3, 8, 8, 1).permute(0, 3, 1, 2)
    image = F.relu(weights.conv(image, 16))
    image = F.max_pool2d(F.relu(weights.conv(image, 32)), 2)
    image = F.relu(weights.conv(F.interpolate(image, scale_factor=2), 16))
    out = torch.sigmoid(weights.conv(weights.batch_norm(image), 1))
    return weights, F.mse_loss(out.permute(0, 2, 3, 1).reshape(3, 64), x)


found = {"torch": torch.__version__.split("+")[0]}
for name, model in (("dense", dense), ("tied", tied), ("conv", conv), ("wide", wide)):
    weights, loss = model()
    assert weights.next == len(weights.all), (weights.next, len(weights.all))
    loss.backward()
    found[name] = {"loss": loss.item(), "gradient": weights.gradient()}
print(json.dumps(found))
