#pragma once
/// Sessions that are not in use, for the next thread that asks.

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "flan/generate/session.hpp"

namespace flan::detail {

/// A session goes back to its pool when its lease ends; its workspace is then warm for the next request. A pool never
/// waits: n threads make n sessions. Outlives its leases.
template <class Model, class B>
class session_pool {
  std::mutex mutex_;
  std::vector<std::unique_ptr<session<Model, B>>> idle_;

  struct give_back {
    session_pool* pool;
    void operator()(session<Model, B>* s) const {
      std::unique_ptr<session<Model, B>> owned(s);
      s->end();
      std::lock_guard const lock(pool->mutex_);
      try {
        pool->idle_.push_back(std::move(owned));
      } catch (...) {  // no room for a pointer: then the session ends here
      }
    }
  };

 public:
  using lease = std::unique_ptr<session<Model, B>, give_back>;

  lease take(Model const& model, B const& be) {
    {
      std::lock_guard const lock(mutex_);
      if (!idle_.empty()) {
        auto s = std::move(idle_.back());
        idle_.pop_back();
        return lease(s.release(), give_back{this});
      }
    }
    return lease(new session<Model, B>(model, be), give_back{this});
  }
};

}  // namespace flan::detail
