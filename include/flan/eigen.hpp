#pragma once
/// Eigen maps over tensors, and a backend whose products are Eigen's. Opt-in: link flan::eigen.

#include "flan/eigen/backend.hpp"
#include "flan/eigen/maps.hpp"
