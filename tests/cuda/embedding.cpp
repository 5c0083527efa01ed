// Embeddings' kernels against the reference backend, on the emulated device.

#include <cmath>

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: embeddings and the bias by distance conform") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_tables<float, float>(s);
    testing::detail::check_tables<float, bf16>(s);
    auto const to_bf16 = [&]<class W>(W) {
      auto y = s.make<bf16>(19, 37, placement::ragged);
      auto ids = s.ids(19, 11);
      auto table = s.weights<W>(11, 37);
      s.run(
          "embed", "to bf16", [&](auto& be) { be.embed(y.view, in(ids.flat()), table); }, y);
    };
    to_bf16(0.0f), to_bf16(bf16(0.0f));
  });
}

TEST_CASE("cuda: backwards of embeddings and the bias by distance conform") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_tables_backward<float, float>(s); });
}

TEST_CASE("cuda: rows of quantised tables") {
  emulator::reset();
  cuda_backend be;
  extent const rows = 70, columns = 37, count = 40;
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(normal(5, i));
  auto table = be.allocate_weight<q8>(rows, columns);
  auto const x = to_backend(be, values.data(), rows, columns);
  be.quantize(table, 0, in(x.view));
  tensor<float> plain(be, rows, columns), y(be, count, columns);
  be.unpack(plain.view, table);
  std::vector<std::int32_t> ids;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(count); ++i)
    ids.push_back(static_cast<std::int32_t>(uniform_below(6, i, static_cast<std::uint64_t>(rows))));
  ids[3] = 0, ids[4] = static_cast<std::int32_t>(rows - 1);
  auto const device_ids = to_backend(be, ids.data(), 1, count);
  be.embed(y.view, {device_ids.view.data, count}, table);
  auto const got = to_host(be, y.view), expected = to_host(be, plain.view);
  for (std::size_t m = 0; m < ids.size(); ++m)
    for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c)
      if (got[m * static_cast<std::size_t>(columns) + c] !=
          expected[static_cast<std::size_t>(ids[m]) * static_cast<std::size_t>(columns) + c])
        FAIL("row " << m << " is not that of its id, at column " << c);
}

TEST_CASE("cuda: an id outside of the table embeds as NaN and has no gradient") {
  emulator::reset();
  cuda_backend be;
  std::int32_t const ids[] = {-1, 2, 3, 2147483647, 0};
  float const ones[] = {1, 1, 2, 2, 4, 4, 8, 8, 16, 16};
  auto const device_ids = to_backend(be, ids, 1, 5);
  auto const dy = to_backend(be, ones, 5, 2);
  auto table = be.allocate_weight<float>(3, 2);
  tensor<float> y(be, 5, 2), dtable(be, 3, 2);
  be.embed(y.view, {device_ids.view.data, 5}, table);
  auto const got = to_host(be, y.view);
  for (std::size_t m = 0; m < 5; ++m) CHECK(std::isnan(got[2 * m]) == (m != 1 && m != 4));
  be.fill(dtable.view, 0);
  be.embed_backward(dtable.view, in(dy.view), {device_ids.view.data, 5});
  CHECK(to_host(be, dtable.view) == std::vector<float>{16, 16, 0, 0, 2, 2});
}

TEST_CASE("cuda: embed_backward where ids come thousands of times, over runs and chunks") {
  struct {
    extent places, columns;
    std::vector<std::int32_t> (*ids)(std::size_t);
  } const cases[] = {{5000, 3, [](std::size_t n) { return std::vector<std::int32_t>(n, 1); }},
                     {6150, 2,
                      [](std::size_t n) {  // one id a third of the time, most others once
                        std::vector<std::int32_t> ids(n);
                        for (std::size_t i = 0; i < n; ++i)
                          ids[i] = i % 3 == 0 ? 7 : static_cast<std::int32_t>(uniform_below(3, i, 9000));
                        return ids;
                      }},
                     {2048, 5,
                      [](std::size_t n) {  // segments that begin and end where runs do
                        std::vector<std::int32_t> ids(n);
                        for (std::size_t i = 0; i < n; ++i) ids[i] = static_cast<std::int32_t>(40 - (i * 7 % n) / 64);
                        return ids;
                      }},
                     {96, 300, [](std::size_t n) {
                        std::vector<std::int32_t> ids(n);
                        for (std::size_t i = 0; i < n; ++i) ids[i] = i < 32 ? 5 : i < 65 ? 2 : 3;
                        return ids;
                      }}};
  conforms_in_every_order([&](cuda_session& s) {
    for (auto const& c : cases) {
      auto dy = s.make<float>(c.places, c.columns, placement::ragged);
      auto dtable = s.make<float>(9000, c.columns, placement::ragged);
      auto ids = s.make<std::int32_t>(1, c.places);
      auto const chosen = c.ids(static_cast<std::size_t>(c.places));
      std::size_t next = 0;
      s.fill(ids, [&] { return chosen[next++]; });
      s.run(
          "embed_backward", flan::sentence(c.places, " places"),
          [&](auto& be) { be.embed_backward(dtable.view, in(dy.view), in(ids.flat())); }, dtable);
    }
  });
}
