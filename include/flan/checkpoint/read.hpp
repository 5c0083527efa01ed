#pragma once
/// Stored tensors into a model's parameters, by name.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/checkpoint/model_files.hpp"
#include "flan/checkpoint/safetensors.hpp"
#include "flan/core/error.hpp"
#include "flan/core/parallel.hpp"
#include "flan/layer/parameters.hpp"
#include "flan/model/t5.hpp"

namespace flan {
namespace detail {

/// A parameter's shape in files: a gain is a list, all others are matrices.
[[gnu::cold]] inline std::vector<extent> stored_shape(std::string_view name, extent rows, extent columns) {
  if (name.ends_with("layer_norm.weight")) return {columns};
  return {rows, columns};
}

/// Tensors that files hold although no model has them: transformers passes over them too.
[[gnu::cold]] inline bool is_known_extra(std::string_view name) {
  return name == "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
}

/// A list of faults that stays readable.
class fault_list {
  std::string text_;
  std::size_t count_ = 0;

 public:
  [[gnu::cold]] void add(std::string const& fault) {
    constexpr std::size_t most = 8;
    if (++count_ <= most) text_ += "\n  " + fault;
    if (count_ == most + 1) text_ += "\n  …";
  }
  [[gnu::cold]] void throw_if_any(std::string const& where) const {
    if (count_)
      fail(where, " does not hold the parameters of this model (", count_,
           count_ == 1 ? " fault):" : " faults):", text_);
  }
};

/// Adds what is wrong with the tensor of a parameter. False where there is none (t is null).
[[gnu::cold]] inline bool check_stored(fault_list& faults, std::string const& name, std::vector<extent> const& expected,
                                       stored_tensor const* t) {
  if (!t) {
    faults.add(sentence(name, " is missing; expected ", shape_text(expected)));
  } else if (t->shape != expected) {
    faults.add(sentence(name, ": expected ", shape_text(expected), ", found ", shape_text(t->shape)));
  } else if (!is_floating(t->format)) {
    faults.add(sentence(name, ": expected F32, F16, BF16 or F64, found ", name_of(t->format)));
  }
  return t != nullptr;
}

/// Owns a share of the mapping for one tensor. When its last user has gone (a weight that was packed instead, say), its
/// pages leave memory: so opening a model does not hold it twice.
[[gnu::cold]] inline memory share_of(stored_tensor const& t) {
  return {const_cast<std::byte*>(t.data), [file = t.file, data = t.data, bytes = t.bytes](void*) {  // never written
            file->drop_pages(data, bytes);
          }};
}

/// The weight in backend memory: borrowed where the file holds it as the backend reads it, else converted.
template <class W, class B>
weight<W> weight_from(B& be, stored_tensor const& t, extent rows, extent columns) {
  if constexpr (number_name<W> != "?") {
    if (t.lies_as<W>()) {
      matrix<W const> const host(reinterpret_cast<W const*>(t.data), rows, columns);
      return be.adopt(host, share_of(t));
    }
  }
  weight<W> w = be.template allocate_weight<W>(rows, columns);
  extent const chunk = std::min<extent>(t.elements(), extent{1} << 22);  // bounds what the host holds beside the model
  std::vector<W> values(static_cast<std::size_t>(chunk));
  for (extent first = 0; first < t.elements(); first += chunk) {
    extent const count = std::min(chunk, t.elements() - first);
    auto const* const from = t.data + static_cast<std::size_t>(first) * bytes_of(t.format);
    parallel_for(count, extent{1} << 16, [&](extent begin, extent end) {
      convert_numbers(t.format, from + static_cast<std::size_t>(begin) * bytes_of(t.format), values.data() + begin,
                      static_cast<std::size_t>(end - begin));
    });
    be.upload(w.values().data + first, values.data(), static_cast<std::size_t>(count) * sizeof(W));
    be.synchronize();  // an upload may still read `values`
    t.file->drop_pages(from, static_cast<std::size_t>(count) * bytes_of(t.format));
  }
  return w;
}

/// The weight quantised on its way, some rows at a time: it is never in memory as a whole beside its integers.
template <quantized W, class B>
weight<W> weight_from(B& be, stored_tensor const& t, extent rows, extent columns) {
  using F = wide_t<W>;
  weight<W> w = be.template allocate_weight<W>(rows, columns);
  extent const at_once = std::max<extent>(1, std::min(rows, (extent{1} << 22) / std::max<extent>(columns, 1)));
  std::vector<F> values;
  if (!t.lies_as<F>()) values.resize(static_cast<std::size_t>(at_once * columns));
  for (extent first = 0; first < rows; first += at_once) {
    extent const count = std::min(at_once, rows - first);
    auto const* const stored = t.data + static_cast<std::size_t>(first * columns) * bytes_of(t.format);
    parallel_for(values.empty() ? 0 : count * columns, extent{1} << 16, [&](extent begin, extent end) {
      convert_numbers(t.format, stored + static_cast<std::size_t>(begin) * bytes_of(t.format), values.data() + begin,
                      static_cast<std::size_t>(end - begin));
    });
    matrix<F const> const host(values.empty() ? reinterpret_cast<F const*>(stored) : values.data(), count, columns);
    weight<F> const wide = be.adopt(host, memory());  // file and values outlive it
    be.quantize(w, first, wide.view());
    be.synchronize();  // what was adopted may still be read
    t.file->drop_pages(stored, static_cast<std::size_t>(count * columns) * bytes_of(t.format));
  }
  return w;
}

}  // namespace detail

/// Gives every parameter of `model` its stored value, in its own element type. Borrowed ones are read-only and keep the
/// mapping alive. Throws, naming every tensor at fault, when one is missing, has another shape, holds no floating-point
/// numbers, or has no place in the model; the model is then as it was. `where` names the folder in errors.
template <class B, class M>
[[gnu::cold]] void read_parameters(B& be, M& model, stored_tensors const& tensors, std::string const& where) {
  detail::fault_list faults;
  std::set<std::string_view> used;
  bool checked = false;
  // One function for both walks, since a walk over all types of parts takes a compiler long.
  auto const visit = [&](std::string const& name, auto& w) {
    using W = typename std::remove_cvref_t<decltype(w)>::value_type;
    auto const t = tensors.find(name);
    if (checked) {
      w = detail::weight_from<W>(be, t->second, w.rows, w.columns);
    } else if (detail::check_stored(faults, name, detail::stored_shape(name, w.rows, w.columns),
                                    t == tensors.end() ? nullptr : &t->second)) {
      used.insert(t->first);
    }
  };
  for_each_parameter(visit, model);
  for (auto const& [name, t] : tensors) {
    bool const tied_head = name == "lm_head.weight" && !used.count(name) && head_of(tensors) == stored_head::equal;
    if (!used.count(name) && !tied_head && !detail::is_known_extra(name))
      faults.add(sentence(name, " ", shape_text(t.shape), " has no place in this model"));
  }
  faults.throw_if_any(where);
  checked = true;
  for_each_parameter(visit, model);
  be.synchronize();  // from now on any session may read them
}

/// The model of an opened folder. Throws, with the configuration to paste, where the folder does not fit C.
template <auto const& C, class P, class B>
[[gnu::cold]] t5<C, P> read_t5(B& be, model_files const& files) {
  std::filesystem::path const name = files.folder.has_filename() ? files.folder : files.folder.parent_path();
  require_fit(C, files.config, config_name<C>(), name.filename().string());
  t5<C, P> model(files.config);
  read_parameters(be, model, files.tensors, files.folder.string());
  return model;
}

}  // namespace flan
