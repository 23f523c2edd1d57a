"""The constructive cache: what came out of assets before, here and in a shared folder."""
