"""What `flowdsl run` and `flowdsl runs` share: their options, where runs go, and watching them."""
