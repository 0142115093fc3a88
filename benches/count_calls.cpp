// Counts libtorch's operator calls (its RecordFunction events, what its profiler lists) of the process it is preloaded into.
#include <ATen/record_function.h>
#include <atomic>
#include <cstdio>
static std::atomic<long> calls{0};
struct Counter {
  Counter() {
    at::addGlobalCallback(at::RecordFunctionCallback([](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
      calls.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }).scopes({at::RecordScope::FUNCTION}));
  }
  ~Counter() { std::fprintf(stderr, "libtorch calls: %ld\n", calls.load()); }
} counter;
