#!/usr/bin/env python3
"""Golden numbers made with torch and transformers: tests/golden/data holds the tiny cases, as this script writes them.

usage: make.py OUT [CASE ...]      cases: see CASES below; without a name, all of them

Every weight is a formula, so a model of any size needs no file: element i (row-major, Hugging Face's layout) of the
parameter NAME is    value = mean + width * (2 * u - 1),   u = (splitmix64(fnv1a64(NAME) + i) >> 40) / 2**24
computed in float64 and rounded to float32. width(NAME), mean(NAME): see `fill` below.
Small cases also write the Hugging Face folder itself (model.safetensors, config.json).

golden.safetensors of a case (float32, computed by the model in float64 and rounded once):
  encoder [B,S,d]  logits [B,T,V] or the rows named in golden.json  grad.NAME (small cases: of the mean loss)
golden.json: input_ids, attention_mask, labels (-100 = ignored), loss (float64), target log-probabilities, generations
"""
import json, math, os, sys
import numpy as np, torch, transformers
from transformers import T5Config, T5ForConditionalGeneration, UMT5Config, UMT5ForConditionalGeneration
from safetensors.torch import save_file

M = (1 << 64) - 1
def fnv1a64(s):
    h = 0xcbf29ce484222325
    for b in s.encode(): h = ((h ^ b) * 0x100000001b3) & M
    return h
def uniform(name, n):
    with np.errstate(over='ignore'):
        z = np.arange(n, dtype=np.uint64) + np.uint64(fnv1a64(name))
        z = z + np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**24

def fill(name, shape, c):
    """mean and half-width of the uniform distribution; std = width / sqrt(3)"""
    r3 = math.sqrt(3.0)
    if name.endswith('layer_norm.weight'): return 1.0, 0.25
    if 'relative_attention_bias' in name: return 0.0, 1.5
    if name == 'shared.weight': return 0.0, r3 * (1.0 if not c['tied'] else 0.5)
    if name == 'lm_head.weight': return 0.0, r3 * 2.0 * c['d_model'] ** -0.5
    if name.endswith('.q.weight'): return 0.0, r3 * (c['d_model'] * c['d_kv']) ** -0.5 * 1.5
    if name.endswith('.o.weight'): return 0.0, r3 * (c['num_heads'] * c['d_kv']) ** -0.5
    if name.endswith('.wo.weight'): return 0.0, r3 * c['d_ff'] ** -0.5
    return 0.0, r3 * c['d_model'] ** -0.5

def weights(model, c):
    out = {}
    for name, p in model.named_parameters():
        mean, width = fill(name, p.shape, c)
        out[name] = torch.from_numpy((mean + width * (2 * uniform(name, p.numel()) - 1)).astype(np.float32)).reshape(p.shape)
    if not c['tied'] and 'lm_head.weight' not in out:                     # transformers 5 ties until told otherwise
        mean, width = fill('lm_head.weight', None, c); V, d = c['vocab_size'], c['d_model']
        out['lm_head.weight'] = torch.from_numpy((mean + width * (2 * uniform('lm_head.weight', V * d) - 1)).astype(np.float32)).reshape(V, d)
    return out

def build(c, dtype=torch.float64):
    keys = ('vocab_size', 'd_model', 'd_kv', 'd_ff', 'num_layers', 'num_decoder_layers', 'num_heads', 'feed_forward_proj',
            'relative_attention_num_buckets', 'relative_attention_max_distance', 'layer_norm_epsilon')
    family = (UMT5Config, UMT5ForConditionalGeneration) if c.get('family') == 'umt5' else (T5Config, T5ForConditionalGeneration)
    cfg = family[0](**{k: c[k] for k in keys if k in c}, tie_word_embeddings=c['tied'], decoder_start_token_id=0, pad_token_id=0,
                   eos_token_id=1, dropout_rate=0.1)
    m = family[1](cfg)
    w = weights(m, c)
    if not c['tied']: m.lm_head.weight = torch.nn.Parameter(torch.empty_like(m.shared.weight))
    with torch.no_grad():
        for n, p in m.named_parameters(): p.copy_(w[n])
    assert c['tied'] == (m.lm_head.weight is m.shared.weight)
    if c.get('num_decoder_layers', 0) > c['num_layers']: m.generation_config.use_cache = False   # transformers 5.23 fails with its cache here
    return m.to(dtype).eval(), w

def batch(c, seed, lengths, targets):
    r = np.random.default_rng(seed); V = c['vocab_size']; top = min(V, 32000)
    S, T = max(lengths), max(targets)
    x = np.zeros((len(lengths), S), int); a = np.zeros_like(x); y = np.full((len(targets), T), -100)
    for i, (s, t) in enumerate(zip(lengths, targets)):
        x[i, :s - 1] = r.integers(3, top, s - 1); x[i, s - 1] = 1; a[i, :s] = 1
        y[i, :t - 1] = r.integers(3, top, t - 1); y[i, t - 1] = 1
    return torch.tensor(x), torch.tensor(a), torch.tensor(y)

GENERATIONS = {
    'greedy': {}, 'greedy_min_new': {'min_new_tokens': 8}, 'repetition_penalty': {'repetition_penalty': 1.3},
    'no_repeat_ngram': {'no_repeat_ngram_size': 2}, 'suppress': {'suppress_tokens': [5, 6, 7, 8, 9, 10]},
    'beam4': {'num_beams': 4}, 'beam4_return4': {'num_beams': 4, 'num_return_sequences': 4},
    'beam3_length_penalty_0.6': {'num_beams': 3, 'length_penalty': 0.6}, 'beam4_length_penalty_2': {'num_beams': 4, 'length_penalty': 2.0},
    'beam4_early_stopping': {'num_beams': 4, 'early_stopping': True}, 'beam4_never': {'num_beams': 4, 'early_stopping': 'never'},
    'beam4_no_repeat_ngram': {'num_beams': 4, 'no_repeat_ngram_size': 2, 'num_return_sequences': 2},
}
# the same with an end token that really occurs: 'eos' becomes the token that beam search likes best at positions 3..9
ENDING = {
    'greedy_eos': {}, 'beam4_eos': {'num_beams': 4, 'num_return_sequences': 4}, 'beam4_eos_early': {'num_beams': 4, 'early_stopping': True, 'num_return_sequences': 4},
    'beam4_eos_never': {'num_beams': 4, 'early_stopping': 'never', 'num_return_sequences': 4}, 'beam3_eos_length_penalty_0.6': {'num_beams': 3, 'length_penalty': 0.6},
    'beam4_eos_length_penalty_2': {'num_beams': 4, 'length_penalty': 2.0, 'num_return_sequences': 2}, 'beam4_eos_length_penalty_-1': {'num_beams': 4, 'length_penalty': -1.0, 'num_return_sequences': 2},
    'beam4_eos_min_new': {'num_beams': 4, 'min_new_tokens': 9, 'num_return_sequences': 2},
}
def sampled_distributions(m, x, a):
    """what transformers' warpers leave of the first step's distribution: sampling code can be checked without luck"""
    from transformers import (TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper, MinPLogitsWarper, TypicalLogitsWarper)
    logits = m(input_ids=x, attention_mask=a, decoder_input_ids=torch.zeros(len(x), 1, dtype=torch.long)).logits[:, -1].double()
    out = {}
    for name, chain in {'temperature_0.7': [TemperatureLogitsWarper(0.7)], 'top_k_10': [TopKLogitsWarper(10)], 'top_p_0.9': [TopPLogitsWarper(0.9)],
                        'min_p_0.1': [MinPLogitsWarper(0.1)], 'typical_0.9': [TypicalLogitsWarper(0.9)],
                        't0.5_k40_p0.95': [TemperatureLogitsWarper(0.5), TopKLogitsWarper(40), TopPLogitsWarper(0.95)]}.items():
        z = logits.clone()
        for w in chain: z = w(None, z)
        p = z.softmax(-1)
        out[name] = [{'ids': r.nonzero().flatten().tolist(), 'p': r[r > 0].tolist()} for r in p]
    return out

def run(name, c, out):
    d = os.path.join(out, name); os.makedirs(d, exist_ok=True)
    m, w = build(c); x, a, y = batch(c, c['seed'], c['lengths'], c['targets'])
    g = {'versions': {'torch': torch.__version__, 'transformers': transformers.__version__}, 'config': {k: v for k, v in c.items()},
         'input_ids': x.tolist(), 'attention_mask': a.tolist(), 'labels': y.tolist()}
    r = m(input_ids=x, attention_mask=a, labels=y)
    g['loss'] = r.loss.item()
    lp = r.logits.log_softmax(-1); yy = y.clamp(min=0)
    g['target_logprobs'] = [[float(v) for v, k in zip(row, lab) if k >= 0] for row, lab in zip(lp.gather(-1, yy[..., None])[..., 0].tolist(), y.tolist())]
    t = {}; small = c.get('small', False)
    if small: t['encoder'] = r.encoder_last_hidden_state.float(); t['logits'] = r.logits.float()
    else:
        t['encoder_rows'] = r.encoder_last_hidden_state[:, :4].float(); t['logits_rows'] = r.logits[:, :2].float(); g['rows'] = 'encoder [:, :4], logits [:, :2]'
    if small:
        r.loss.backward()
        for n, p in m.named_parameters(): t['grad.' + n] = p.grad.float()
    m32, _ = build(c, torch.float32)
    with torch.inference_mode():
        o32 = m32(input_ids=x, attention_mask=a, labels=y); e32 = (o32.logits.double() - r.logits.detach()).abs()
        x32 = (o32.encoder_last_hidden_state.double() - r.encoder_last_hidden_state.detach()).abs()[a.bool()]     # padding rows left out
        g['transformers_float32_error'] = {'max': float(e32.max()), 'p99': float(e32.flatten()[:2_000_000].quantile(.99)), 'encoder_max': float(x32.max())}
        mb = m32.to(torch.bfloat16); lb = mb(input_ids=x, attention_mask=a, labels=y).logits.double()
        eb = (lb - r.logits.detach()).abs()
        g['transformers_bfloat16_error'] = {'max': float(eb.max()), 'p99': float(eb.flatten()[:2_000_000].quantile(.99)), 'mean': float(eb.mean()), 'logits_std': float(r.logits.std())}
        g['generate'] = {}
        todo = dict(GENERATIONS) if small else {q: GENERATIONS[q] for q in ('greedy', 'beam4', 'no_repeat_ngram')}
        if small:
            from collections import Counter
            z = m.generate(input_ids=x, attention_mask=a, max_new_tokens=12, num_beams=4, num_return_sequences=4, do_sample=False)
            eos = Counter(z[:, 3:10].flatten().tolist()).most_common(1)[0][0]
            todo |= {k: dict(o, eos_token_id=int(eos)) for k, o in ENDING.items()}
        for k, o in todo.items():
            n = 20 if small else 16; end = o.get('eos_token_id', 1)
            z = m.generate(input_ids=x, attention_mask=a, max_new_tokens=n, do_sample=False, return_dict_in_generate=True, output_scores=True, **o)
            e = {'options': dict(o, max_new_tokens=n), 'ids': z.sequences.tolist()}
            if 'num_beams' in o: e['scores'] = z.sequences_scores.tolist()
            else:
                top = torch.stack(z.scores).topk(2, -1).values; live = torch.ones(len(x), dtype=torch.bool); margin = math.inf
                for s, step in enumerate(top):
                    margin = min([margin] + [float(step[i, 0] - step[i, 1]) for i in range(len(x)) if live[i]])
                    live &= z.sequences[:, s + 1] != end
                e['smallest_margin'] = margin
            g['generate'][k] = e
        if small: g['first_step_distributions'] = sampled_distributions(m, x, a)
    if small:
        save_file({n: v for n, v in w.items()}, os.path.join(d, 'model.safetensors'), metadata={'format': 'pt'})
        cfg = m.config.to_dict()
        cfg = {k: cfg[k] for k in ('vocab_size', 'd_model', 'd_kv', 'd_ff', 'num_layers', 'num_decoder_layers', 'num_heads', 'relative_attention_num_buckets',
               'relative_attention_max_distance', 'dropout_rate', 'layer_norm_epsilon', 'feed_forward_proj', 'pad_token_id', 'eos_token_id', 'decoder_start_token_id')}
        cfg |= {'model_type': c.get('family', 't5'), 'architectures': [type(m).__name__], 'is_encoder_decoder': True, 'tie_word_embeddings': c['tied'], 'use_cache': True}
        json.dump(cfg, open(os.path.join(d, 'config.json'), 'w'), indent=2)
    save_file({k: v.contiguous() for k, v in t.items()}, os.path.join(d, 'golden.safetensors'))
    json.dump(g, open(os.path.join(d, 'golden.json'), 'w'))
    print(name, 'loss', g['loss'], {k: v.get('smallest_margin') for k, v in g['generate'].items() if 'smallest_margin' in v}, g['transformers_float32_error'], g['transformers_bfloat16_error'], flush=True)

tiny = dict(small=True, vocab_size=384, d_model=48, d_kv=16, d_ff=80, num_layers=3, num_heads=4, lengths=[17, 5, 11], targets=[9, 4, 7], seed=11)
CASES = {
    'v1_1_tiny': dict(tiny, feed_forward_proj='gated-gelu', tied=False),
    'v1_0_tiny': dict(tiny, feed_forward_proj='relu', tied=True, seed=12),
    'long_tiny': dict(tiny, feed_forward_proj='gated-gelu', tied=False, lengths=[300, 131], targets=[140, 129], seed=13),
    'umt5_tiny': dict(tiny, family='umt5', feed_forward_proj='gated-gelu', tied=False, seed=17),
    'flan_t5_small': dict(vocab_size=32128, d_model=512, d_kv=64, d_ff=1024, num_layers=8, num_heads=6, feed_forward_proj='gated-gelu', tied=False, lengths=[64, 23], targets=[12, 5], seed=24),
    'flan_t5_base': dict(vocab_size=32128, d_model=768, d_kv=64, d_ff=2048, num_layers=12, num_heads=12, feed_forward_proj='gated-gelu', tied=False, lengths=[64, 23], targets=[12, 5], seed=15),
    't5_small': dict(vocab_size=32128, d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8, feed_forward_proj='relu', tied=True, lengths=[64, 23], targets=[12, 5], seed=16),
}
if __name__ == '__main__':
    torch.set_num_threads(2)
    for n in sys.argv[2:] or CASES: run(n, CASES[n], sys.argv[1])
