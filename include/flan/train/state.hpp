#pragma once
/// A run's state in a folder: the masters as model.safetensors, which makes the folder a model like any other, the
/// optimizer's state, and where the run is.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "flan/checkpoint/json.hpp"
#include "flan/checkpoint/read.hpp"
#include "flan/checkpoint/write.hpp"
#include "flan/train/run_facts.hpp"
#include "flan/train/step.hpp"

namespace flan {

/// Where a run is. Everything random is a function of it and of the seed.
struct run_position {
  extent step = 0;           ///< optimizer steps made
  std::uint64_t sample = 0;  ///< the stream's position
};

namespace detail {

/// One tensor of a run, under its name in a file.
template <class W>
struct state_entry {
  std::string name;
  weight<W>* value;
  std::vector<extent> shape;
};

template <class Trainer>
struct state_entries {
  using W = typename Trainer::master;
  std::vector<state_entry<W>> masters, slots;

  explicit state_entries(Trainer& t) {
    t.for_each_state([&](std::string const& name, weight<W>& m, auto& state) {
      masters.push_back({name, &m, stored_shape(name, m.rows, m.columns)});
      for (std::size_t i = 0; i < state.slots.size(); ++i)
        slots.push_back({name + '.' + std::string(state.slots[i].name),
                         &state.values[i],
                         {state.slots[i].rows, state.slots[i].columns}});
    });
  }
};

/// Throws unless the file has exactly these tensors in exactly this format.
template <class W>
void require_entries(std::vector<state_entry<W>> const& entries, stored_tensors const& found,
                     std::filesystem::path const& where) {
  for (auto const& e : entries) {
    auto const at = found.find(e.name);
    if (at == found.end()) fail(where.string(), ": tensor ", e.name, " is missing");
    stored_tensor const& t = at->second;
    if (t.format != format_of<W> || t.shape != e.shape)
      fail(where.string(), ": tensor ", e.name, " should be ", name_of(format_of<W>), ' ', shape_text(e.shape),
           ", but is ", name_of(t.format), ' ', shape_text(t.shape));
  }
  if (found.size() != entries.size())
    fail(where.string(), ": has ", found.size(), " tensors, but this run has ", entries.size());
}

template <class B, class W>
void restore_entries(B& be, std::vector<state_entry<W>> const& entries, stored_tensors const& found) {
  for (auto const& e : entries) {
    stored_tensor const& t = found.find(e.name)->second;
    be.upload(e.value->values().data, t.data, t.bytes);
  }
}

}  // namespace detail

/// Writes model.safetensors (the masters), optimizer.safetensors and training.json into a folder that is there.
template <class Trainer>
void write_state(std::filesystem::path const& folder, Trainer& t, run_position at, run_facts const& facts) {
  auto& be = t.backend();
  write_parameters(be, t.masters(), folder);
  detail::state_entries<Trainer> const entries(t);
  std::vector<tensor_header> headers;
  for (auto const& e : entries.slots) headers.push_back({e.name, format_of<typename Trainer::master>, e.shape});
  safetensors_writer state(folder / "optimizer.safetensors", std::move(headers));
  for (auto const& e : entries.slots) {
    auto const values = to_host(be, e.value->view());
    state.append(values.data(), values.size() * sizeof(typename Trainer::master));
  }
  state.finish();
  detail::json const position = {{"step", at.step}, {"sample", at.sample}, {"facts", facts}};
  write_file(folder / "training.json", position.dump(2) + '\n');
}

/// Restores what write_state wrote, bit for bit. Throws, before anything changed, when the folder is damaged, does not
/// fit, or comes from a run with other facts. `batch_tokens` of a step bound how far its stream can have come, in
/// strides: the stream's positions of an example.
template <class Trainer>
run_position read_state(std::filesystem::path const& folder, Trainer& t, run_facts const& facts, extent batch_tokens,
                        double stride = 1) {
  auto const path = folder / "training.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    fail("cannot resume from ", folder.string(), ": it has no training.json, so it is no checkpoint of a run");
  detail::json const stored = detail::json_file(path);
  auto const count = [&](char const* key) {
    if (!stored.contains(key) || !stored[key].is_number_unsigned())
      fail(path.string(), ": expected a number of ", key, "s under \"", key, '"');
    return stored[key].template get<std::uint64_t>();
  };
  run_position const at{static_cast<extent>(count("step")), count("sample")};
  run_facts then;
  if (!stored.contains("facts") || !stored["facts"].is_object()) fail(path.string(), ": has no object \"facts\"");
  for (auto const& [name, value] : stored["facts"].items()) {
    if (!value.is_string()) fail(path.string(), ": the fact \"", name, "\" is no text");
    then[name] = value.template get<std::string>();
  }
  require_same_facts(then, facts, folder.string());

  // A damaged number must not pass for a place in the stream. An example takes two positions at least, and before
  // each as many records without a target may be skipped as a reader has patience for.
  constexpr double longest = 1e12, records_of_a_position = 50'000;
  auto const most = static_cast<double>(at.step) * static_cast<double>(batch_tokens) * records_of_a_position * stride;
  if (at.step < 0 || static_cast<double>(at.step) > longest)
    fail(path.string(), ": \"step\" is ", count("step"), "; expected at most ", longest);
  if (static_cast<double>(at.sample) > most)
    fail(path.string(), ": \"sample\" is ", at.sample, ", more examples than ", at.step, " steps of ", batch_tokens,
         " tokens can have taken");

  detail::state_entries<Trainer> const entries(t);
  stored_tensors const masters = read_stored_tensors(folder);
  stored_tensors const slots = read_safetensors(folder / "optimizer.safetensors");
  detail::require_entries(entries.masters, masters, folder);
  detail::require_entries(entries.slots, slots, folder / "optimizer.safetensors");
  detail::restore_entries(t.backend(), entries.masters, masters);
  detail::restore_entries(t.backend(), entries.slots, slots);
  t.refresh_weights();
  t.backend().synchronize();
  t.set_steps_made(at.step);
  return at;
}

}  // namespace flan
