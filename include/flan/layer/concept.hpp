#pragma once
/// What a layer is, so that one of your own is treated like the library's: read, saved, packed, counted, trained.

#include "flan/backend/weight.hpp"
#include "flan/core/members.hpp"

namespace flan {

namespace detail {
// A pointer to the member function, not a call: calls differ from layer to layer, and no body is instantiated.
template <class L, class B>
concept has_forward = requires {
  &L::template forward<B>;
}
|| requires { &L::forward; };
template <class L, class B, class G>
concept has_backward = requires {
  &L::template backward<B, G>;
}
|| requires { &L::backward; };
// A product's two gradients are asked for apart; both templates deduce the number formats of what they are given.
template <class L, class B, class G>
concept has_two_backwards = requires {
  &L::template backward_input<B, float, float>;
  &L::template backward_weight<B, float, float, G>;
};
}  // namespace detail

/// Parameters and parts with their names, in `static constexpr auto members`: all that for_each_parameter, and with it
/// checkpoints, packing and optimizers, ask of a layer. Each member is a weight, a layer, or a layer that may be absent
/// (only_if, std::optional) or repeated (std::vector).
template <class L>
concept layer = has_members<L> && std::is_default_constructible_v<L>;

/// A layer that can be trained on backend B, its gradients gathered in a G: the same layer in another precision, L
/// itself where nothing is narrow. `forward<B>` leaves what `backward<B, G>` needs in a trace of the layer's own type;
/// backward overwrites (or, where it says so, adds to) the gradient of the input and adds to those of the parameters.
/// The library's tape is this pair of functions: a layer without backward is for inference alone. `linear` has its
/// backward in two, backward_input and backward_weight, since what runs between the two is the caller's.
template <class L, class B, class G = L>
concept trainable_layer = layer<L> && layer<G> &&
    ((detail::has_forward<L, B> && detail::has_backward<L, B, G>) || detail::has_two_backwards<L, B, G>);

}  // namespace flan
