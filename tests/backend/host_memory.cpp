#include "flan/backend/host_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "flan/backend/concept.hpp"
#include "support/catch.hpp"

static_assert(flan::memory_backend<flan::host_memory>);

TEST_CASE("host memory is aligned, and never null: null means absent") {
  flan::host_memory be;
  for (std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{1} << 20}) {
    auto const m = be.allocate(bytes);
    REQUIRE(m);
    CHECK(reinterpret_cast<std::uintptr_t>(m.get()) % flan::memory_alignment == 0);
  }
  CHECK_THROWS_WITH(be.allocate(std::size_t{1} << 62), ContainsSubstring("no room for a block of 4611686018427387904"));
}

TEST_CASE("an owned weight begins as zeros and can be written") {
  flan::host_memory be;
  auto w = be.allocate_weight<flan::bf16>(3, 5);
  CHECK(w.size() == 15);
  CHECK_FALSE(w.read_only);
  for (auto x : flan::to_host(be, w.values())) CHECK(x == flan::bf16(0.f));
  auto const copy = w;  // shares
  w.values().data[4] = flan::bf16(2.f);
  CHECK(copy.view().data[4] == flan::bf16(2.f));
}

TEST_CASE("adopt borrows consecutive rows, copies others, and keeps the owner") {
  flan::host_memory be;
  auto values = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4, 5, 6});
  std::weak_ptr<std::vector<float>> const watch = values;
  float const* const where = values->data();
  {
    auto const borrowed = be.adopt<float>(flan::matrix<float const>(where, 2, 3), flan::memory(values, values->data()));
    values.reset();
    CHECK_FALSE(watch.expired());
    CHECK(borrowed.data == where);
    CHECK(borrowed.read_only);
    auto writable = borrowed;
    CHECK_THROWS_WITH(writable.values(), ContainsSubstring("borrowed"));

    auto const copied = be.adopt<float>(flan::matrix<float const>(where, 2, 2, 3), nullptr);
    CHECK(copied.read_only);
    CHECK(flan::to_host(be, copied.view()) == std::vector<float>{1, 2, 4, 5});
  }
  CHECK(watch.expired());
}

TEST_CASE("a large weight, whose pages are its own, is like a small one and outlives its backend") {
  flan::weight<float> w;
  {
    flan::host_memory be;
    w = be.allocate_weight<float>(700, 1'001);  // ends within a page
  }
  CHECK(reinterpret_cast<std::uintptr_t>(w.data) % flan::memory_alignment == 0);
  CHECK(std::all_of(w.data, w.data + w.size(), [](float x) { return x == 0; }));
  std::fill_n(w.values().data, w.size(), 1.0f);
  auto const copy = w;
  w = {};
  CHECK(copy.view().data[copy.size() - 1] == 1);
  CHECK_THROWS_WITH(flan::host_memory().allocate_weight<float>(flan::extent{1} << 30, flan::extent{1} << 30),
                    ContainsSubstring("no room for a block of 4611686018427387904"));
}

TEST_CASE("a copy of a backend has arenas of its own") {
  flan::host_memory be;
  {
    flan::frame f{be};
    static_cast<void>(f.make<float>(10, 10));
  }
  CHECK(be.scratch().reserved() > 0);
  flan::host_memory copy = be;
  CHECK(copy.scratch().reserved() == 0);
}
