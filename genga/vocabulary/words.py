"""Words of the booru vocabulary and the part of a picture each one speaks of; genga.vocabulary.parts reads them.

Data only. NOUNS are singular and found at the end of a tag first (`black_thighhighs`, `light_blue_hair`), OPENERS at
its beginning (`holding_sword`, `looking_at_viewer`), EXACT are whole tags that the words would misread.
Parts are those of genga.vocabulary.parts.PARTS.
"""

EXACT: dict[str, str] = {
    "count": """
        solo solo_focus no_humans multiple_girls multiple_boys multiple_others group everyone crowd people
        male_focus female_focus couple trio 1other
    """,
    "framing": """
        full_body upper_body lower_body cowboy_shot portrait close-up extreme_close-up very_wide_shot wide_shot
        eye_focus ass_focus foot_focus breast_focus feet_out_of_frame head_out_of_frame eyes_out_of_frame
    """,
    "view": """
        dutch_angle pov perspective foreshortening fisheye straight-on atmospheric_perspective panorama rotated
        sideways blurry blurry_background blurry_foreground depth_of_field bokeh motion_blur lens_flare
        chromatic_aberration cropped
    """,
    "person": """
        from_behind from_side back_turned chibi dark_skin pale_skin tan shiny_skin wet sweat sweatdrop sweating
        blood injury tattoo scar bandages trembling heavy_breathing muscular plump petite tall aged_down aged_up
        pregnant cosplay virtual_youtuber magical_girl mature_female twins steaming_body flying_sweatdrops nude
        completely_nude naked_towel crossdressing genderswap transformation makeup animalization humanization
        personification alternate_costume official_alternate_costume alternate_hairstyle school_swimsuit
        playboy_bunny
    """,
    "head": """
        blush smile open_mouth closed_mouth parted_lips grin frown smirk pout light_smile expressionless
        embarrassed happy sad angry annoyed surprised scared nervous serious smug sleepy bored drunk crying
        tears yawning laughing screaming shouting talking singing licking_lips biting heterochromia wide-eyed
        looking_back profile wince clenched_teeth upper_teeth_only mouth_hold ahoge bob_cut hime_cut pixie_cut
        undercut buzz_cut two_side_up one_side_up sidelocks drill_hair wink facepaint facial_hair eating
        drinking sleeping dreaming food_in_mouth cigarette smoking gag averting_eyes rolling_eyes crazy_eyes
        worried confused disgust evil_smile glaring yandere tsundere jitome tareme tsurime sanpaku nosebleed
        blank_stare empty_eyes flower_in_hair covered_mouth false_smile jealous sigh depressed determined
        raised_eyebrow anger_vein snot
    """,
    "neck": "collar neckwear nape adam's_apple dog_tags neck_bell animal_collar detached_collar",
    "torso": """
        v double_v peace_sign thumbs_up ok_sign salute own_hands_together own_hands_clasped bow ribbon frills
        lace plaid sleeveless strapless halterneck off_shoulder backless see-through open_clothes torn_clothes
        undressing topless crop_top tank_top tube_top sports_bra side_slit cross-laced_clothes fur_trim
        hair_over_shoulder self_hug shrug clapping praying waving pointing pointing_at_viewer reaching fist_pump
        crossed_arms facepalm grabbing playing_instrument reading writing drawing_bow typing texting cooking
        fighting punching throwing catching unsheathing dual_wielding maid_apron japanese_clothes
        chinese_clothes casual formal \\||/ shoulder_bag bare_back flat_chest sideboob underboob mechanical_arms
        arm_cannon prosthesis prosthetic_arm holding
    """,
    "legs": """
        zettai_ryouiki skindentation thigh_gap bottomless no_pants tail bulge spread_legs pelvic_curtain
        hip_vent ass_visible_through_thighs mermaid mechanical_legs loincloth g-string fundoshi pubic_hair
        female_pubic_hair male_pubic_hair
    """,
    "feet": """
        barefoot mary_janes flip-flops tiptoes no_shoes geta zouri tabi uwabaki soles toe_scrunch
        plantar_flexion
    """,
    "pose": """
        standing sitting walking running lying kneeling squatting crouching jumping flying floating dancing
        swimming seiza wariza yokozuwari straddling stretching climbing crawling falling riding all_fours
        bent_over arched_back upside-down midair wading bathing fighting_stance fetal_position indian_style
        lotus_position butterfly_sitting leaning leaning_forward leaning_back leaning_to_the_side contrapposto
        crossed_legs figure_four_sitting knees_up knee_up leg_up legs_up leg_lift foot_up top-down_bottom-up
        horseback_riding kicking hiding peeking tied_up bound suspension handstand balancing
    """,
    "relation": """
        hetero yuri yaoi hug kiss siblings sisters brothers family cuddling holding_hands locked_arms
        interlocked_fingers eye_contact face-to-face back-to-back height_difference age_difference
        size_difference matching_outfits shared_clothes hand_grab head_grab hand_holding carrying_person
        princess_carry piggyback headpat lap_pillow kabedon sex oral anal vaginal fellatio cunnilingus paizuri
        group_sex threesome after_kiss imminent_kiss incest cum impregnation strangling harem wife_and_wife
    """,
    "scene": """
        outdoors indoors scenery landscape nature day night evening sunset sunrise dusk dawn twilight rain snow
        snowing fog wind still_life architecture shade against_light backlighting in_water underwater on_fire
        in_tree starry_sky weapon food bag animal creature vehicle floral_print star_(sky) star_(symbol) heart
        crescent moon sparkle petals halftone crosshatching spotlight east_asian_architecture power_lines
        snowflakes cherry_blossoms spider_web cable_car hair_dryer arm_rest arm_chair eyeball hand_fan
        hand_mirror handheld_game_console face_mask_removed christmas halloween new_year valentine birthday
        wedding festival summer winter autumn spring magic aura electricity energy wind_chime war horror
        science_fiction fantasy steampunk cyberpunk shower_head crotch_rope glowing
    """,
    "style": """
        monochrome greyscale sketch comic 4koma 2koma manga text signature watermark username dated subtitled
        lineart spot_color 3d realistic parody crossover meme traditional_media photo_(medium) multiple_views
        reference_sheet cover letterboxed pillarboxed border speech_bubble censored uncensored mosaic_censoring
        no_lineart flat_color high_contrast limited_palette sepia pixel_art retro_artstyle anime_screenshot
        fake_screenshot screencap official_art request commentary emoji ? ! !? !! ... spoken_ellipsis
        musical_note negative_space glitch typo left-to-right_manga silent_comic partially_colored colorized
        silhouette abstract collage cameo english_commentary cover_page album_cover magazine_cover fake_cover
        zoom_layer split_screen isometric reflection numbered logo web_address character_sheet evolutionary_line
        color_guide reference_inset creator_connection image_sample
    """,
}

OPENERS: dict[str, str] = {
    "scene": "unworn print",
    "view": "from",
    "head": """
        looking facing hair eye eyes ear ears mouth tongue head face fang sleeping crying facial beard lip
        wide-eyed
    """,
    "neck": "neck",
    "torso": """
        holding carrying hugging adjusting tying putting pulling removing covering reaching arm arms hand hands
        finger fingers playing grabbing lifting squeezing outstretched raised clenched crossed waving wringing
        clothes shirt dress jacket breast breasts sleeve sleeves wing wings tugging lifted opening
    """,
    "legs": "skirt leg legs knee knees thigh thighs panty panties hip",
    "feet": "foot feet shoe shoes toe toes",
    "pose": "sitting standing lying leaning kneeling walking running on riding jumping squatting",
}

NOUNS: dict[str, str] = {
    "person": """
        girl boy female male woman man child adult person elf fairy angel demon vampire maid nurse nun miko
        knight samurai ninja idol princess queen king prince cheerleader soldier police priest pirate mermaid
        android cyborg student teacher waitress witch gyaru delinquent bride dancer butler ganguro furry
        kemonomimi monster_girl skin muscle tanline tanlines freckle scratch bruise bandaid bandage cosplay body
        nails wound sweaty costume_swap cut_injury furrification humanoid oni succubus orc goblin fur kitsune
        nekomata giantess persona superhero
    """,
    "head": """
        hair eye ear bang ahoge braid twintail ponytail bun sidelock eyelash eyebrow eyeliner eyeshadow pupil
        iris sclera face forehead cheek nose mouth lip lipstick teeth tooth fang tusk tongue chin beard mustache
        goatee stubble hat cap beret headwear headband hairband hairpin hairclip headdress headgear headphone
        headset earphone earbud helmet crown tiara diadem circlet veil turban hood halo horn antler antenna
        glasses eyewear sunglasses goggles monocle eyepatch mask earring mole makeup smile grin expression
        scrunchie saliva whisker fluff mohawk dreadlock afro bandana blindfold fringe bonnet visor earmuff dread
        curl updo hairstyle haircut kabuto hairpiece wig headpiece head-mounted_display forelock cornrow ringlet
        quiff burn head piercing blush tear earpiece mandible cigar grimace frown pout smirk hachimaki topknot
    """,
    "neck": """
        choker scarf necktie bowtie neckerchief necklace ascot collar turtleneck neck cravat jabot ruff pendant
        lanyard enpera
    """,
    "torso": """
        shirt t-shirt jacket coat blouse sweater cardigan hoodie vest waistcoat blazer bra bikini swimsuit
        swimwear leotard bodysuit dress gown kimono yukata hanfu robe cape capelet cloak poncho shawl haori
        armor breastplate cuirass pauldron uniform serafuku gakuran suit tuxedo costume outfit clothes clothing
        attire apron overall corset sash obi belt suspender strap sleeve cuff glove gauntlet mitten bracelet
        bangle wristband wristwatch armband armlet ring fingernail hand finger arm elbow wrist palm fist
        shoulder armpit collarbone chest breast cleavage nipple areola pectoral ab abs obliques belly navel
        midriff stomach waist back bust cutout button zipper lapel pocket epaulette frill lace bow ribbon brooch
        badge bag backpack handbag satchel lingerie underwear nightgown pajamas camisole negligee chemise
        babydoll sarashi wing jersey tracksuit raincoat windbreaker parka overcoat tunic tabard bolero bustier
        tailcoat bandeau scrub robes muneate hadanugi cuirasse toga sweatshirt one-piece playsuit jumpsuit
        pinafore sweatband wristlet shackle handcuff harness stethoscope microphone_stand lift tug pull hug grab
        pose gesture hold print_shirt trim aiguillette coattails vambrace plackart spaulder unitard qipao
        cheongsam hakui nail_polish fingering embrace drop removed cowboy_western lowleg highleg jewelry nail
        microdress military top tank_top undershirt biceps latex rib
    """,
    "legs": """
        skirt miniskirt microskirt pant pants trouser shorts jeans legging thighhigh pantyhose stocking kneehigh
        legwear over-kneehighs leg thigh knee hip crotch groin panties thong briefs boxers buruma garter ass
        butt pelvis hakama petticoat overskirt tail bloomers loincloth penis pussy anus testicle pubic calf
        pantyshot cameltoe kneepad sarong pantylines culottes tights clitoris erection hotpants chaps greaves
        buttocks swim_trunks trunks cutoffs
    """,
    "feet": """
        boot shoe footwear sock sandal slipper sneaker heel foot feet toe toenail sole loafer anklet ankle
        skates roller_skates stiletto pumps footprint bobby_socks kneesocks
    """,
    "relation": "couple kiss sibling hugging wedding_couple sex footjob handjob",
    "scene": """
        background sky cloud sun moon star rain snow wind fog mist water ocean sea river lake pond pool
        waterfall beach sand shore wave forest tree grass field meadow flower petal leaf plant bush mountain
        hill cliff rock stone path road street sidewalk crosswalk city cityscape town village building house
        skyscraper window door wall floor ceiling room bedroom classroom kitchen bathroom bathtub hallway stair
        rooftop roof balcony fence gate bridge shrine temple church castle ruins park garden train car bus
        bicycle motorcycle ship boat aircraft airplane helicopter vehicle tank chair table desk couch bench
        stool bed pillow blanket sheet curtain carpet rug tatami lamp lantern candle light shelf bookshelf
        cabinet book notebook phone cellphone smartphone computer laptop monitor screen television camera clock
        watch mirror cup mug glass teacup bottle can plate bowl tray chopsticks fork knife spoon food fruit cake
        bread sweets candy chocolate rice meat vegetable egg pizza burger noodles ramen soup dessert pastry
        cookie drink tea coffee beer wine juice milk apple orange strawberry cherry lemon banana pumpkin carrot
        weapon sword gun rifle handgun pistol dagger spear polearm axe hammer arrow shield staff wand scythe
        katana sheath bullet cannon bomb animal cat dog bird fish rabbit fox wolf horse butterfly insect snake
        dragon bear panda pig cow sheep mouse bat frog turtle shark whale octopus jellyfish spider bee crow owl
        duck chicken toy doll ball balloon umbrella parasol fan flag banner sign box gift letter envelope paper
        card pen pencil paintbrush instrument guitar piano violin drum trumpet flute microphone speaker fire
        flame explosion smoke steam bubble crystal gem feather confetti snowflake scenery sparkle sunlight
        moonlight sunbeam shadow reflection space planet earth horizon seashell pole pillar railing ladder tile
        brick debris rubble tombstone statue robot mecha machine gear chain rope wire pipe bottle_cap basket
        bucket broom bag_(object) towel soap dust lightning magic_circle portal rainbow aurora firework
        cherry_blossom rose sunflower lily tulip daisy hydrangea bamboo vine ivy moss mushroom cactus palm_tree
        pine_tree maple_leaf leaves puddle ice icicle cave desert island harbor dock pier lighthouse windmill
        barn farm market shop store restaurant cafe bar school library hospital office stage stadium arena
        playground gym pool_ladder locker chalkboard blackboard whiteboard poster painting picture frame vase
        pot jar barrel crate wheel seat cushion futon kotatsu fireplace stove refrigerator sink shower faucet
        toilet bath onsen key lock coin money map scroll talisman ofuda torii lightsaber bow_(weapon) quiver
        club creature pokemon slime ghost skull skeleton bone corpse eyeball tentacle object lamppost
        streetlight vending bento wreath bouquet ornament_(decor) tree_stump log branch twig nest cage fur_rug
        throne altar pedestal bell puppet flask pudding fries sunburst glowstick paddle pill mallet toothbrush
        quill omelet padlock lollipop arch basketball volleyball spatula candlestand mop liquid eraser curry
        graffiti drumstick doughnut watermelon scissors saucer syringe torpedo gemstone
    """,
    "style": """
        text name username watermark signature logo censor censoring censorship media style theme commentary
        artist koma comic cover border translation filter quote caption subtitle typography language artifacts
        medium coloring insert layout meme challenge connection scan photo inset sheet_(reference) note symbol
        number numeral anniversary sticker print_(medium) notice rating film_grain speed_lines
    """,
}

# What does not last from drawing to drawing: whole tags, and words any of which in a tag says that it passes.
PASSING_TAGS = """
    from_behind from_side back_turned sweat sweatdrop sweating trembling heavy_breathing blush light_smile
    expressionless embarrassed happy sad angry annoyed surprised scared nervous serious smug sleepy bored drunk
    crying tears yawning laughing screaming shouting talking singing biting wide-eyed profile wince eating
    drinking sleeping dreaming smoking worried confused disgust evil_smile jealous sigh depressed determined
    raised_eyebrow anger_vein jitome nosebleed blank_stare empty_eyes closed_eyes half-closed_eyes
    one_eye_closed rolling_eyes crazy_eyes averting_eyes glowing_eyes v double_v peace_sign thumbs_up ok_sign
    salute self_hug shrug clapping praying waving fist_pump facepalm reading writing drawing_bow typing texting
    cooking fighting punching throwing catching unsheathing undressing holding floating_hair hair_flip
    outstretched_arms spread_legs
"""
PASSING_WORDS = """
    mouth mouths lips smile grin frown smirk pout expression teeth tongue tongues saliva tear wink looking
    facing glaring licking holding carrying hugging adjusting tying putting pulling removing covering reaching
    playing grabbing lifting squeezing outstretched raised clenched crossed wringing tugging lifted opening
    pointing arm arms hand hands finger fingers lift tug pull grab hold hug gesture pose
"""

# Of hair and eyes.
COLOURS = """
    aqua black blonde blue brown dark_blue dark_green green grey light_blue light_brown light_green orange pink purple
    red silver white yellow
"""

# After one of these comes where a thing is, not what it is: mole_under_eye, sleeves_past_wrists.
BETWEEN = "around as at behind between by for from in of on over past through under with"
