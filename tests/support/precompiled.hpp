#pragma once
/// What nearly every test includes and none of it is ours: compiled once for all of them. Each test still includes what
/// it uses; -DFLAN_PRECOMPILED_TESTS=OFF builds without this.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
