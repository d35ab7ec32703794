"""Section `characters`: how crops are gathered into clusters, one for a person."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    # optics: density order (Ankerst 1999), the published practice; hdbscan: density tree (Campello 2013);
    # linkage: average linkage, cut at the embedder's threshold
    method: Literal["optics", "hdbscan", "linkage"]
    min_crops: int = Field(ge=2, le=1000)  # crops; the smallest cluster, and what counts as dense; 2 finds the rarest
    adopt_share: float = Field(gt=0, le=1)  # share of a cluster's crops that a stray must resemble to join; 1: all
    merge_share: float = Field(gt=0, le=1)  # share of alike pairs that makes two clusters one; 1: every pair is alike
    track: bool  # whether boxes that overlap in consecutive stills of a shot are the same person
    track_overlap: float = Field(gt=0, le=1)  # IoU of such boxes; 1: they must be equal
    track_difference: float = Field(ge=1, le=100)  # x threshold; two boxes that differ by more are never linked
    track_share: float = Field(
        gt=0, le=1
    )  # share of a cluster's tracks that makes it one with the cluster it meets there
    sheet_crops: int = Field(ge=1, le=100)  # crops of a cluster that the contact sheet shows
