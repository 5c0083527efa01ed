import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class FlanConan(ConanFile):
    name = "flan"
    description = "T5-family inference and finetuning from headers alone"
    license = "Apache-2.0"
    topics = ("t5", "flan", "transformer", "inference", "finetuning", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"eigen": [True, False]}
    default_options = {"eigen": False}
    options_description = {"eigen": "bring Eigen, for flan::eigen"}
    exports_sources = "CMakeLists.txt", "cmake/*", "include/*", "LICENSE"
    no_copy_source = True

    def set_version(self):
        # The version stands in one place, the header that a program can ask.
        text = load(self, os.path.join(self.recipe_folder, "include", "flan", "core", "config.hpp"))
        self.version = ".".join(re.findall(r"#define FLAN_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # As ranges, so that a profile's [platform_requires] can say what the system has.
        self.requires("nlohmann_json/[>=3.10 <4]")
        self.requires("sentencepiece/[>=0.1.96 <1]")
        if self.options.eigen:
            self.requires("eigen/[>=3.4 <6]")

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        for option in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.cache_variables[f"FLAN_BUILD_{option}"] = False
        toolchain.cache_variables["CMAKE_INSTALL_LIBDIR"] = "lib"
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        # Consumers get flan's own package file. CMakeDeps would write one too, but generates nothing for requirements
        # that the platform fulfils, and its flan::flan would then lack them.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "flan")]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
