"""What a tag speaks of, read from the words of its name."""

import pytest

from genga.vocabulary.parts import EXCLUSIVE, PARTS, SEVERAL, VISIBLE, is_subject, is_visible, part_of
from genga.vocabulary.words import EXACT, NOUNS, OPENERS


@pytest.mark.parametrize(
    ("part", "tags"),
    [
        ("count", "1girl 2boys 6+girls multiple_girls solo no_humans"),
        ("framing", "full_body upper_body cowboy_shot portrait feet_out_of_frame"),
        ("view", "from_above dutch_angle blurry_background"),
        ("person", "dark-skinned_female cat_girl from_behind shimakaze_(kancolle)_(cosplay) bandaid_on_arm"),
        ("head", "light_blue_hair red_eyes hair_ribbon cat_ears looking_at_viewer :d ^_^ open_mouth twin_braids"),
        ("neck", "black_choker striped_scarf neck_ribbon"),
        ("torso", "white_shirt serafuku arms_up holding_sword hand_on_own_hip detached_sleeves red_bow v"),
        ("legs", "black_thighhighs pleated_skirt cat_tail pants zettai_ryouiki"),
        ("feet", "black_footwear mary_janes no_shoes barefoot loafers"),
        ("pose", "standing sitting_on_desk on_bed leaning_forward"),
        ("relation", "hug hand_on_another's_head holding_hands looking_at_another yuri"),
        ("scene", "blue_sky white_background outdoors star_(sky) cherry_blossoms unworn_helmet coffee_cup katana"),
        ("style", "monochrome english_text speech_bubble subtitled 2019 artist_name 4koma"),
        ("unknown", "zorp gargle_bleen"),
    ],
)
def test_the_part_of_a_tag(part, tags):
    assert {tag: part_of(tag) for tag in tags.split()} == dict.fromkeys(tags.split(), part)


def test_every_tag_of_the_drawn_world_is_known():
    from demo.world.vocabulary import TAGS

    assert [tag for tag, category in TAGS if category == 0 and part_of(tag) == "unknown"] == []


def test_subjects_need_somebody_and_places_do_not():
    assert is_subject("long_hair", False) and is_subject("1girl", False)
    assert not is_subject("blue_sky", False) and not is_subject("monochrome", True)
    assert not is_subject("zorp", False) and is_subject("zorp", True)


def test_no_boots_in_a_head_crop():
    tags = ("boots", "skirt", "shirt", "choker", "smile", "standing", "beach")
    shown = {kind: [tag for tag in tags if is_visible(tag, kind)] for kind in VISIBLE}
    assert shown == {
        "fullbody": ["boots", "skirt", "shirt", "choker", "smile", "standing", "beach"],
        "halfbody": ["shirt", "choker", "smile", "beach"],
        "head": ["choker", "smile"],
    }


def test_the_word_lists_name_known_parts_and_no_word_twice_in_a_list():
    for table in (EXACT, OPENERS, NOUNS):
        assert set(table) <= set(PARTS)
        words = [word for text in table.values() for word in text.split()]
        assert sorted({word for word in words if words.count(word) > 1}) == []


def test_exclusive_groups_do_not_hold_what_undoes_them():
    assert EXCLUSIVE.keys() == SEVERAL.keys()
    assert all(EXCLUSIVE[group].isdisjoint(SEVERAL[group]) for group in EXCLUSIVE)
