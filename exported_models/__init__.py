"""The models that ship, `NAME/VERSION`; `fag_tf.sampler.shipped_model` finds them."""
