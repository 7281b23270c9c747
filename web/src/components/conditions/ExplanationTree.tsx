import { CheckCircleFilled, CloseCircleFilled } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import type { Explanation, ExplanationNode } from "@/api/segments";
import { Moment } from "@/components/values";
import { useT } from "@/i18n";
import "./conditions.css";

/** The condition once more, each part with whether it holds and what the person really has. */
export function ExplanationTree({ explanation }: { explanation: Explanation }) {
  const t = useT();
  return (
    <div>
      <p className={explanation.holds ? "cond-verdict is-in" : "cond-verdict is-out"}>
        <Mark holds={explanation.holds} /> {t(explanation.holds ? "conditions.is_in" : "conditions.is_out")}{" "}
        <Link to="/customers/$customerId" params={{ customerId: explanation.person_id }}>
          {t("conditions.open_customer")}
        </Link>
      </p>
      {explanation.is_member !== null && explanation.is_member !== explanation.holds && (
        <p className="secondary">{t("conditions.membership_behind")}</p>
      )}
      <ul className="cond-why">
        <Part node={explanation.tree} />
      </ul>
      <p className="secondary">
        {t("conditions.as_of")} <Moment at={explanation.as_of} />
      </p>
    </div>
  );
}

function Part({ node }: { node: ExplanationNode }) {
  return (
    <li data-holds={node.holds}>
      <div className="cond-why-row">
        <Mark holds={node.holds} />
        <span>
          {node.sentence}
          {node.actual
            .filter((actual) => !node.sentence.includes(actual.value))
            .map((actual) => (
              <span key={`${actual.label} ${actual.value}`} className="cond-actual">
                {actual.label} <strong>{actual.value}</strong>
              </span>
            ))}
        </span>
      </div>
      {node.parts.length > 0 && (
        <ul>
          {node.parts.map((part) => (
            <Part key={part.path} node={part} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Mark({ holds }: { holds: boolean }) {
  const t = useT();
  return holds ? (
    <CheckCircleFilled className="cond-in" aria-label={t("conditions.holds")} />
  ) : (
    <CloseCircleFilled className="cond-out" aria-label={t("conditions.holds_not")} />
  );
}
