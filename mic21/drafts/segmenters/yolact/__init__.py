"""YOLACT and YOLACT++: one-stage instance segmentation, masks as sums of prototypes (Bolya et al. 2019, 2020)."""
