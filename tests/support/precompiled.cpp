// Only here so that precompiled.hpp has a target to be compiled for.
