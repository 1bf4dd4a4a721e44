#!/usr/bin/env bash
# tokenizers 0.23.3: `ByteLevel(add_prefix_space=True)` behind another pre-tokeniser puts a blank before every piece.
#
# Expected: the option does what its name says for a text, as in GPT-2 and RoBERTa: a blank before the first word, so that
# it is the same token as inside; a text is read back from its tokens.
# Seen: in a `Sequence` the blank is added to each piece that the one before made, wherever the text had none. Where
# Chinese characters (or digits, or marks) are cut off by `Split`, every one becomes a token with a blank in it, and
# decoding gives "\u8d28 \u91cf" for "\u8d28\u91cf". The normaliser `Prepend(" ")` with `add_prefix_space=False` is right.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet tokenizers==0.23.3
"$work/env/bin/python" - <<'PY'
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXTS = ["\u8d28\u91cf\u597d 2024", "\u8d28\u91cf\u5dee 2025"] * 9


def trained(prefix, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    cut = pre_tokenizers.Split(Regex("[\u3400-\u9fff]"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=prefix)])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False))
    return tokenizer


option = trained(True)
read = option.decode(option.encode("\u8d28\u91cf").ids)
print("option:    ", repr(read))
assert read == " \u8d28 \u91cf"
one, two = ([option.decode([i]) for i in option.encode(t).ids] for t in ("\u8d28", "2024\u8d28"))
assert one[-1] == two[-1] == " \u8d28"
prepended = trained(False, normalizers.Prepend(" "))
read = prepended.decode(prepended.encode("\u8d28\u91cf").ids)
print("normaliser:", repr(read))
assert read == " \u8d28\u91cf"
PY
