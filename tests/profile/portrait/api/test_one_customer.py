"""A customer whom sources spell in five ways is one, whoever asks: features, portrait, cross-checks agree."""

from __future__ import annotations

from profile_house import House

CODE = "91330106MA2AXK5R0W"
SPELLINGS = (CODE, f"uscc:{CODE}", CODE.lower(), f'"=""{CODE}"""', "９１３３０１０６ＭＡ２ＡＸＫ５Ｒ０Ｗ")
TITLES = "企业代号,发票号码,购方单位代号,开票日期,金额,税额,价税合计,发票状态\n"


def test_features_and_portrait_see_one_customer_in_five_spellings(cottage: House) -> None:
    """One customer, wholly relied upon: HHI 1, by both doors."""
    rows = "".join(
        f"E1,{number},{each},2026-05-0{number},100,13,113,正常\n" for number, each in enumerate(SPELLINGS, 1)
    )
    done = cottage.send("invoices.sale", TITLES + rows)
    assert (done["state"], done["accepted"], done["rejected"]) == ("done", 5, 0), done
    asked = "?as_of=2026-05-31"
    features = cottage.client.get(f"/v1/enterprises/E1/features{asked}", headers=cottage.owner()).json["values"]
    portrait = cottage.client.get(f"/v1/enterprises/E1/portrait{asked}", headers=cottage.owner()).json
    assert (features["customers_12m"], features["customer_hhi_12m"]) == (1, 1)
    assert [(one["id"], one["share"]) for one in portrait["partners"]["customers"]] == [(f"uscc:{CODE}", 1)]
