"""A small trainer that reads nothing but its settings: an example of a consumer, not an implementation of APT.

    APT_TARGET_SPARSITY=0.4 python examples/finetune.py

A tiny RoBERTa with random weights learns a synthetic sentence task with LoRA, while attention heads and FFN neurons of
the smallest magnitude are masked as the sparsity schedule says, and the unmasked model is its teacher. APT itself
scores blocks by salience, grows ranks and removes what it prunes; this shows only where each setting goes.
Needs: pip install '.[transformers,peft]'
"""

import torch
from peft import get_peft_model
from torch.nn.functional import kl_div, log_softmax, softmax
from transformers import RobertaConfig, RobertaForSequenceClassification, Trainer, TrainerCallback

from apt_settings import fingerprint, settings
from apt_settings.integrations.peft import lora_config
from apt_settings.integrations.torch import require_agreement
from apt_settings.integrations.trainer import prepare
from apt_settings.integrations.transformers import training_arguments
from apt_settings.schedules import distillation_weight, sparsity

EXAMPLES, WORDS, LENGTH = 3_200, 40, 11
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def sentences(count: int) -> list[dict[str, torch.Tensor]]:
    """Random words, nine of ten from that half of the vocabulary which the label names."""
    random = torch.Generator().manual_seed(settings.seed)
    labels = torch.randint(0, 2, (count,), generator=random)
    strays = (torch.rand((count, LENGTH), generator=random) < 0.1).long()
    words = torch.randint(0, WORDS // 2, (count, LENGTH), generator=random) + (labels[:, None] ^ strays) * (WORDS // 2)
    return [{"input_ids": 5 + each, "labels": label} for each, label in zip(words, labels, strict=True)]


class Masks:
    """A mask for each head and neuron, which shrinks from 1 to 0 by mask_decay_rate a step once its block is pruned."""

    def __init__(self, model: RobertaForSequenceClassification) -> None:
        self.layers = model.roberta.encoder.layer
        self.head_size = model.config.hidden_size // model.config.num_attention_heads
        self.heads = [torch.ones(model.config.num_attention_heads) for _ in self.layers]
        self.neurons = [torch.ones(model.config.intermediate_size) for _ in self.layers]
        self.sizes = {"head": 4 * self.head_size * model.config.hidden_size, "neuron": 2 * model.config.hidden_size}
        self.pruned: set[tuple[str, int, int]] = set()
        self.on = True
        for index, layer in enumerate(self.layers):
            layer.attention.self.register_forward_hook(self._masking_heads(index))
            layer.intermediate.register_forward_hook(self._masking_neurons(index))

    def _masking_heads(self, index: int):
        def hook(module, inputs, output):
            context, *rest = output if isinstance(output, tuple) else (output,)
            masked = context * self.heads[index].repeat_interleave(self.head_size) if self.on else context
            return (masked, *rest) if isinstance(output, tuple) else masked

        return hook

    def _masking_neurons(self, index: int):
        return lambda module, inputs, output: output * self.neurons[index] if self.on else output

    def follow(self, wanted: float) -> None:
        """Prune the blocks of the smallest magnitude that fit into this fraction of all, and let masks decay."""
        total = sum(self.sizes[kind] for kind, _, _ in self._blocks())
        if wanted > self.sparsity + min(self.sizes.values()) / total:
            for block in sorted(set(self._blocks()) - self.pruned, key=self._magnitude):
                if self.sparsity + self.sizes[block[0]] / total <= wanted:
                    self.pruned.add(block)
        for kind, layer, number in self.pruned:
            mask = {"head": self.heads, "neuron": self.neurons}[kind][layer]
            mask[number] = max(mask[number].item() - settings.mask_decay_rate, 0.0)

    def _blocks(self) -> list[tuple[str, int, int]]:
        masks = {"head": self.heads, "neuron": self.neurons}
        return [(k, layer, n) for k in masks for layer, mask in enumerate(masks[k]) for n in range(len(mask))]

    def _magnitude(self, block: tuple[str, int, int]) -> float:
        kind, layer, number = block
        if kind == "head":
            columns = slice(number * self.head_size, (number + 1) * self.head_size)
            weight = self.layers[layer].attention.output.dense.weight[:, columns]
        else:
            weight = self.layers[layer].output.dense.weight[:, number]
        return weight.norm().item() / weight.numel() ** 0.5

    @property
    def sparsity(self) -> float:
        """The fraction of the parameters of all blocks that is pruned."""
        gone = sum(self.sizes[kind] for kind, _, _ in self.pruned)
        return gone / sum(self.sizes[kind] for kind, _, _ in self._blocks())

    @property
    def decayed(self) -> bool:
        """Whether the masks of all pruned blocks are 0."""
        masks = {"head": self.heads, "neuron": self.neurons}
        return all(masks[kind][layer][number] == 0 for kind, layer, number in self.pruned)


class Following(TrainerCallback):
    """Prunes after every step as the schedule says."""

    def __init__(self, masks: Masks, steps_per_epoch: int) -> None:
        self.masks, self.schedule = masks, sparsity(settings, steps_per_epoch)

    def on_step_end(self, args, state, control, **kwargs) -> None:
        self.masks.follow(self.schedule(state.global_step))


class Distilling(Trainer):
    """mu x what the unmasked model predicts + (1 - mu) x the labels."""

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        outputs, mu = model(**inputs), self.weight(self.state.global_step)
        loss = (1 - mu) * outputs.loss
        if mu:
            self.masks.on = False
            with torch.no_grad():
                taught = model(**inputs).logits / settings.distill_temperature
            self.masks.on = True
            learnt = log_softmax(outputs.logits / settings.distill_temperature, dim=-1)
            loss = loss + mu * kl_div(learnt, softmax(taught, dim=-1), reduction="batchmean")
        return (loss, outputs) if return_outputs else loss


def main() -> None:
    if not settings.architecture.startswith("roberta"):
        raise SystemExit(f"this example trains a RoBERTa, and the settings are for {settings.architecture}")
    quiet = {"report_to": [], "save_strategy": "no", "logging_strategy": "no", "disable_tqdm": True, "use_cpu": True}
    arguments = training_arguments(settings, **quiet)  # seeds what is made afterwards
    require_agreement(settings)
    config = RobertaConfig(vocab_size=5 + WORDS, max_position_embeddings=LENGTH + 2, **SIZES)
    model = RobertaForSequenceClassification(config)
    masks = Masks(model)
    adapted = get_peft_model(model, lora_config(settings))
    steps_per_epoch = -(-EXAMPLES // settings.batch_size)
    trainer = Distilling(
        adapted, arguments, train_dataset=sentences(EXAMPLES), callbacks=[Following(masks, steps_per_epoch)]
    )
    trainer.masks, trainer.weight = masks, distillation_weight(settings, settings, steps_per_epoch)
    prepare(trainer, settings.model_copy(update={"train_examples": EXAMPLES}))
    trainer.train()
    predicted = trainer.predict(sentences(EXAMPLES + 400)[EXAMPLES:])
    right = (predicted.predictions.argmax(axis=-1) == predicted.label_ids).mean()
    trained, _ = adapted.get_nb_trainable_parameters()
    print(f"{fingerprint(settings)}: sparsity {masks.sparsity:.3f} of {settings.target_sparsity}, accuracy {right:.3f}")
    print(f"masks decayed: {masks.decayed}; {trainer.state.global_step} steps, {trained:,} parameters trained")


if __name__ == "__main__":
    main()
