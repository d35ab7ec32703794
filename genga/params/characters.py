"""Section `characters`: how crops are gathered into clusters, one for a person."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    # linkage: average linkage of tracks, with two people in a still held apart, for any number of crops; optics:
    # density order (Ankerst 1999), the published practice; hdbscan: density tree (Campello 2013); both to 10,000 crops
    method: Literal["linkage", "optics", "hdbscan"]
    min_crops: int = Field(ge=2, le=1000)  # crops; the smallest cluster, and what counts as dense; 2 finds the rarest
    join: float = Field(gt=0, le=100)  # x threshold, mean difference up to which linkage makes two clusters one
    few_shots: int = Field(ge=0, le=1000)  # shots; who is seen in so few is sooner somebody known (linkage); 0: never
    few_join: float = Field(gt=0, le=100)  # x threshold, mean difference up to which they join who is clearly nearest
    # Of optics and hdbscan:
    adopt_share: float = Field(gt=0, le=1)  # share of a cluster's crops that a stray must resemble to join; 1: all
    merge_share: float = Field(gt=0, le=1)  # share of alike pairs that makes two clusters one; 1: every pair is alike
    track_share: float = Field(gt=0, le=1)  # share of a cluster's tracks; those that meet in so many are one cluster
    track: bool  # whether boxes that overlap in stills of a shot are the same person
    track_overlap: float = Field(gt=0, le=1)  # IoU of such boxes; 1: they must be equal
    track_difference: float = Field(ge=1, le=100)  # x threshold; two boxes that differ by more are never linked
    track_gap: int = Field(ge=0, le=100)  # stills in which somebody may be hidden or not found; 0: none
    outfits: float = Field(ge=0, le=1)  # difference up to which what tracks wear is one outfit; 0: none is proposed
    sheet_crops: int = Field(ge=1, le=100)  # crops of a cluster that the contact sheet shows
    sheet_tags: int = Field(ge=0, le=1000)  # tags on it on which taggers disagree most, to look at; 0: none
